-- What a search finds candidates by.

-- The items that somebody added, wherever they lie (D4), in the order of their keys.
CREATE INDEX items_by_author ON items (author);

-- Who helps the administrator of a group (C1), without going through all of its members.
CREATE INDEX members_helping ON members (group_id, user_id) WHERE co_administrator = 1;
