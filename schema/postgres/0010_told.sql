-- What a question finds out about an entity beside its own row, as functions: what a statement only might need costs it
-- nothing until it is called. A statement that has recursion in it sets all of it up, whether or not anything is found.
--
-- INVARIANT: STABLE. What they read is what the statement that calls them sees, and so of one revision with it.

-- The folders that content lies in, from the inside out, each with its grants: no more of them than that many.
CREATE FUNCTION folders_around(folder bigint, folders_max bigint) RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    next_folder bigint := folder;
    around json[] := '{}';
    one json;
BEGIN
    FOR n IN 1..folders_max LOOP
        EXIT WHEN next_folder IS NULL;
        SELECT f.parent, json_build_array(f.id, (
            SELECT coalesce(json_agg(json_build_array(g.access, g.grantee_type, g.grantee)), '[]'::json) FROM grants AS g
            WHERE g.resource_type = 'Folder' AND g.resource = f.key))
        INTO next_folder, one FROM folders AS f WHERE f.key = next_folder;
        EXIT WHEN NOT FOUND;
        around := around || one;
    END LOOP;
    RETURN array_to_json(around);
END $$;

-- All that an entity is in by the word of hosts, and by what Conclave keeps where that lies in between, from what it is
-- directly in: no more than that many. NULL of nothing.
CREATE FUNCTION host_above(start_types text[], start_ids text[], in_groups boolean, entities_max bigint) RETURNS json
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN (
        WITH RECURSIVE reached (type, id) AS (
            SELECT s.type COLLATE "C", s.id COLLATE "C" FROM unnest(start_types, start_ids) AS s (type, id)
            UNION
            SELECT n.type, n.id FROM reached CROSS JOIN LATERAL (
                SELECT p.parent_type AS type, p.parent_id AS id FROM entity_parents AS p
                WHERE p.entity_type = reached.type AND p.entity_id = reached.id
                UNION ALL SELECT 'Group', m.group_id FROM members AS m
                WHERE in_groups AND reached.type = 'User' AND m.user_id = reached.id
                UNION ALL SELECT 'Group', g.id FROM groups AS g
                WHERE in_groups AND reached.type = 'User' AND g.administrator = reached.id
                UNION ALL SELECT 'Role', m.group_id || '/co-administrators' FROM members AS m
                WHERE in_groups AND reached.type = 'User' AND m.user_id = reached.id AND m.co_administrator = 1
                UNION ALL SELECT 'Folder', o.id FROM folders AS f JOIN folders AS o ON o.key = f.parent
                WHERE in_groups AND reached.type = 'Folder' AND f.id = reached.id
                UNION ALL SELECT 'Tool', t.id FROM folders AS f JOIN tools AS t ON t.key = f.tool
                WHERE in_groups AND reached.type = 'Folder' AND f.id = reached.id
                UNION ALL SELECT 'Folder', o.id FROM items AS i JOIN folders AS o ON o.key = i.folder
                WHERE in_groups AND reached.type = 'Item' AND i.id = reached.id
                UNION ALL SELECT 'Tool', t.id FROM items AS i JOIN tools AS t ON t.key = i.tool
                WHERE in_groups AND reached.type = 'Item' AND i.id = reached.id
            ) AS n
        )
        SELECT json_agg(json_build_array(up.type, up.id)) FROM (SELECT r.type, r.id FROM reached AS r LIMIT entities_max) AS up
    );
END $$;

-- What the host says of an entity: attributes and tags, NULL of nothing, and what that puts it in, NULL of nothing.
CREATE FUNCTION host_said(of_type text, of_id text, in_groups boolean, entities_max bigint) RETURNS json
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    said json;
    above_types text[];
    above_ids text[];
BEGIN
    SELECT json_build_array(e.attributes::json, e.tags::json) INTO said FROM entities AS e
    WHERE e.entity_type = of_type AND e.entity_id = of_id;
    SELECT array_agg(p.parent_type), array_agg(p.parent_id) INTO above_types, above_ids FROM entity_parents AS p
    WHERE p.entity_type = of_type AND p.entity_id = of_id;
    RETURN json_build_array(said, host_above(above_types, above_ids, in_groups, entities_max));
END $$;

-- The same of a person, who is in what their groups are in.
CREATE FUNCTION host_said_user(of_id text, entities_max bigint) RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    said json;
    above_types text[];
    above_ids text[];
BEGIN
    SELECT json_build_array(e.attributes::json, e.tags::json) INTO said FROM entities AS e
    WHERE e.entity_type = 'User' AND e.entity_id = of_id;
    SELECT array_agg(s.parent_type), array_agg(s.parent_id) INTO above_types, above_ids FROM (
        SELECT p.parent_type, p.parent_id FROM entity_parents AS p WHERE p.entity_type = 'User' AND p.entity_id = of_id
        UNION ALL
        SELECT p.parent_type, p.parent_id FROM members AS m
        JOIN entity_parents AS p ON p.entity_type = 'Group' AND p.entity_id = m.group_id WHERE m.user_id = of_id
        UNION ALL
        SELECT p.parent_type, p.parent_id FROM groups AS g
        JOIN entity_parents AS p ON p.entity_type = 'Group' AND p.entity_id = g.id WHERE g.administrator = of_id
    ) AS s;
    RETURN json_build_array(said, host_above(above_types, above_ids, true, entities_max));
END $$;

-- The same of a folder or an item, which is in what the folders around it, that folder first, and its tool are in.
CREATE FUNCTION host_said_content(
    of_type text, of_id text, folder bigint, of_tool text, folders_max bigint, entities_max bigint
) RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    said json;
    above_types text[];
    above_ids text[];
BEGIN
    SELECT json_build_array(e.attributes::json, e.tags::json) INTO said FROM entities AS e
    WHERE e.entity_type = of_type AND e.entity_id = of_id;
    SELECT array_agg(s.parent_type), array_agg(s.parent_id) INTO above_types, above_ids FROM (
        SELECT p.parent_type, p.parent_id FROM entity_parents AS p WHERE p.entity_type = of_type AND p.entity_id = of_id
        UNION ALL
        SELECT p.parent_type, p.parent_id FROM entity_parents AS p WHERE p.entity_type = 'Tool' AND p.entity_id = of_tool
        UNION ALL
        SELECT p.parent_type, p.parent_id FROM (
            WITH RECURSIVE b (id, parent) AS (
                SELECT f.id, f.parent FROM folders AS f WHERE f.key = folder
                UNION ALL SELECT f.id, f.parent FROM b JOIN folders AS f ON f.key = b.parent)
            SELECT b.id FROM b LIMIT folders_max
        ) AS b JOIN entity_parents AS p ON p.entity_type = 'Folder' AND p.entity_id = b.id
    ) AS s;
    RETURN json_build_array(said, host_above(above_types, above_ids, true, entities_max));
END $$;

-- The channel on which sidecars are told what a change touched. Anybody who may connect to a database may listen and notify
-- on any channel whose name they know: who cannot read this table neither hears what changes nor can say that something
-- did. On `conclave_revision` the revision is told as before, to sidecars that know no other.
CREATE TABLE told (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    channel TEXT COLLATE "C" NOT NULL
);
INSERT INTO told (one, channel) VALUES (1, 'conclave_' || replace(gen_random_uuid()::text, '-', ''));

-- Whoever listens there is told what a change touched, where that is little enough for a notification (8,000 bytes), and
-- need not ask. Else it is told the revision alone.
--
-- INVARIANT: deferred. When it runs everything that the change writes is there, in whatever order: what is told is whole.
CREATE FUNCTION store_told() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched text;
BEGIN
    SELECT json_agg(json_build_array(c.entity_type, c.entity_id, c.change) ORDER BY c.ordinal)::text INTO touched
    FROM (SELECT * FROM changes AS every WHERE every.revision = NEW.revision ORDER BY every.ordinal LIMIT 65) AS c
    HAVING count(*) <= 64;
    IF octet_length(touched) > 7900 THEN
        touched := NULL;
    END IF;
    PERFORM pg_notify(told.channel, NEW.revision || coalesce(' ' || touched, '')) FROM told WHERE told.one = 1;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER store_told AFTER UPDATE OF revision ON store DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION store_told();
