-- What the host application says of entities: all there is of one of its own types, further facts about one of a
-- built-in type.
CREATE TABLE entities (
    entity_type TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    -- JSON objects with sorted names: equal texts say the same.
    attributes TEXT COLLATE "C" NOT NULL CHECK (json_typeof(attributes::json) = 'object'),
    tags TEXT COLLATE "C" NOT NULL CHECK (json_typeof(tags::json) = 'object'),
    PRIMARY KEY (entity_type, entity_id)
);

-- What those entities are directly in. Not a reference: an entity may be in one that nobody describes.
CREATE TABLE entity_parents (
    entity_type TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    parent_type TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (entity_type, entity_id, parent_type, parent_id),
    FOREIGN KEY (entity_type, entity_id) REFERENCES entities (entity_type, entity_id) ON DELETE CASCADE
);

-- What the host says of an entity goes with it.
CREATE FUNCTION entities_user_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entities WHERE entity_type = 'User' AND entity_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER entities_user_gone AFTER DELETE ON users FOR EACH ROW
EXECUTE FUNCTION entities_user_gone();
CREATE FUNCTION entities_group_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entities WHERE entity_type = 'Group' AND entity_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER entities_group_gone AFTER DELETE ON groups FOR EACH ROW
EXECUTE FUNCTION entities_group_gone();
CREATE FUNCTION entities_tool_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entities WHERE entity_type = 'Tool' AND entity_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER entities_tool_gone AFTER DELETE ON tools FOR EACH ROW
EXECUTE FUNCTION entities_tool_gone();
CREATE FUNCTION entities_folder_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entities WHERE entity_type = 'Folder' AND entity_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER entities_folder_gone AFTER DELETE ON folders FOR EACH ROW
EXECUTE FUNCTION entities_folder_gone();
CREATE FUNCTION entities_item_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entities WHERE entity_type = 'Item' AND entity_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER entities_item_gone AFTER DELETE ON items FOR EACH ROW
EXECUTE FUNCTION entities_item_gone();
