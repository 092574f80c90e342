-- What the host application says of entities: all there is of one of its own types, further facts about one of a
-- built-in type.
CREATE TABLE entities (
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    -- JSON objects with sorted names: equal texts say the same.
    attributes TEXT NOT NULL CHECK (json_type(attributes) = 'object'),
    tags TEXT NOT NULL CHECK (json_type(tags) = 'object'),
    PRIMARY KEY (entity_type, entity_id)
) STRICT, WITHOUT ROWID;

-- What those entities are directly in. Not a reference: an entity may be in one that nobody describes.
CREATE TABLE entity_parents (
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    parent_type TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    PRIMARY KEY (entity_type, entity_id, parent_type, parent_id),
    FOREIGN KEY (entity_type, entity_id) REFERENCES entities (entity_type, entity_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What the host says of an entity goes with it.
CREATE TRIGGER entities_user_gone AFTER DELETE ON users
BEGIN
    DELETE FROM entities WHERE entity_type = 'User' AND entity_id = OLD.id;
END;
CREATE TRIGGER entities_group_gone AFTER DELETE ON groups
BEGIN
    DELETE FROM entities WHERE entity_type = 'Group' AND entity_id = OLD.id;
END;
CREATE TRIGGER entities_tool_gone AFTER DELETE ON tools
BEGIN
    DELETE FROM entities WHERE entity_type = 'Tool' AND entity_id = OLD.id;
END;
CREATE TRIGGER entities_folder_gone AFTER DELETE ON folders
BEGIN
    DELETE FROM entities WHERE entity_type = 'Folder' AND entity_id = OLD.id;
END;
CREATE TRIGGER entities_item_gone AFTER DELETE ON items
BEGIN
    DELETE FROM entities WHERE entity_type = 'Item' AND entity_id = OLD.id;
END;
