#!/usr/bin/env bash
# Makes a database of so many items, in a company-like world, through `conclave import`. The same number
# makes the same world. Says what it made and how long it took: ten million items take some minutes.
#
#   benches/world.sh ITEMS DATABASE
#
# ITEMS is a multiple of 1,000 from 10,000 on. Of ITEMS items there are
#
# - ITEMS / 100 users `user-U`, all on the subscription `plan`, each with their private tools;
# - ITEMS / 1,000 groups `group-G`, G below GROUPS. Each has thirty people: its administrator user-(10 G), and
#   twenty-nine members, among them user-(10 G + 1) to user-(10 G + 9), the first of whom is co-administrator.
#   Each user is in three groups;
# - 39 folders a group in `group:group-G/documents`, three deep: folder K of group G is
#   01900000-0000-7000-9000-N, where N is 39 G + K in twelve digits; 0 to 2 lie in the tool, 3 to 11 in
#   those, 12 to 38 in these;
# - ITEMS items 01900000-0000-7000-8000-N, N in twelve digits below ITEMS. With G = N % GROUPS and
#   J = N / GROUPS, item N was added by user-(10 G + J % 10). Those with J below 800 lie in folder 12 + J % 27
#   of group G, so that neighbours in the file are strangers, as they are where many people work; the other
#   two hundred lie in the private documents or calendar of who added them;
# - grants: `add` to the group on every third innermost folder, `delete` to a member on one of the middle
#   folders, `edit` to a member on one item of a hundred in groups, `view_details` on every private calendar to a group
#   of its owner, and `view` on the profile of every second user.
#
# Needs the release binary (cargo build --release; or CONCLAVE=path) and Debian's package sqlite3.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    echo "usage: benches/world.sh ITEMS DATABASE; ITEMS is a multiple of 1,000 from 10,000 on" >&2
    exit 2
}
(($# == 2)) || usage
items=$1 database=$2
[[ $items =~ ^[1-9][0-9]*$ ]] && ((items >= 10000 && items % 1000 == 0)) || usage
[[ ! -e $database ]] || { echo "$database is there already" >&2 && exit 2; }
conclave=${CONCLAVE:-$here/target/release/conclave}

groups=$((items / 1000)) users=$((items / 100))

# Lines in the order of an export: each refers only to what stands before it.
lines() {
    sqlite3 :memory: "
    -- n below so many.
    CREATE VIEW users (n) AS WITH RECURSIVE c (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM c WHERE n + 1 < $users) SELECT n FROM c;
    CREATE VIEW groups (n) AS WITH RECURSIVE c (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM c WHERE n + 1 < $groups) SELECT n FROM c;
    CREATE VIEW items (n) AS WITH RECURSIVE c (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM c WHERE n + 1 < $items) SELECT n FROM c;
    CREATE VIEW folders (k) AS WITH RECURSIVE c (k) AS (VALUES (0) UNION ALL SELECT k + 1 FROM c WHERE k < 38) SELECT k FROM c;

    SELECT '{\"type\":\"format\",\"version\":1}';
    SELECT '{\"type\":\"subscription\",\"id\":\"plan\",\"capacities\":{\"documents\":1000000000,\"calendar\":100000}}';
    SELECT format('{\"type\":\"user\",\"id\":\"user-%d\",\"username\":\"user %d\",\"first_name\":\"Anna\",\"last_name\":\"Klein %d\",\"subscription\":\"plan\"}', n, n, n)
    FROM users;
    SELECT format('{\"type\":\"group\",\"id\":\"group-%d\",\"name\":\"Group %d\",\"administrator\":\"user-%d\",\"published\":%s,\"created_ms\":%d}',
                  n, n, n * 10, iif(n % 2, 'true', 'false'), n)
    FROM groups;
    -- Of each user three groups, which are never the same: the one they work in, and two further off.
    SELECT format('{\"type\":\"member\",\"group\":\"group-%d\",\"user\":\"user-%d\",\"co_administrator\":%s,\"since_ms\":%d}',
                  n / 10, n, iif(n % 10 = 1, 'true', 'false'), n)
    FROM users WHERE n % 10 <> 0
    UNION ALL
    SELECT format('{\"type\":\"member\",\"group\":\"group-%d\",\"user\":\"user-%d\",\"since_ms\":%d}',
                  (n / 10 + $groups / 5 + n % 3) % $groups, n, n)
    FROM users
    UNION ALL
    SELECT format('{\"type\":\"member\",\"group\":\"group-%d\",\"user\":\"user-%d\",\"since_ms\":%d}',
                  (n / 10 + $groups / 2 + n % 4) % $groups, n, n)
    FROM users;
    SELECT format('{\"type\":\"folder\",\"id\":\"01900000-0000-7000-9000-%012d\",\"parent\":{\"tool\":\"group:group-%d/documents\"},\"name\":\"Folder %d\",\"author\":\"user-%d\"}',
                  n * 39 + k, n, k, n * 10)
    FROM folders CROSS JOIN groups WHERE k < 3;
    SELECT format('{\"type\":\"folder\",\"id\":\"01900000-0000-7000-9000-%012d\",\"parent\":{\"folder\":\"01900000-0000-7000-9000-%012d\"},\"name\":\"Folder %d\",\"author\":\"user-%d\"}',
                  n * 39 + k, n * 39 + (k - 3) / 3, k, n * 10 + k % 10)
    FROM folders CROSS JOIN groups WHERE k >= 3;
    SELECT format('{\"type\":\"item\",\"id\":\"01900000-0000-7000-8000-%012d\",\"parent\":%s,\"name\":\"Offer %d\",\"kind\":\"document\",\"author\":\"user-%d\",\"size\":%d}',
                  n,
                  CASE WHEN n / $groups < 800
                      THEN format('{\"folder\":\"01900000-0000-7000-9000-%012d\"}', (n % $groups) * 39 + 12 + n / $groups % 27)
                      ELSE format('{\"tool\":\"user:user-%d/%s\"}', (n % $groups) * 10 + n / $groups % 10,
                                  iif(n / $groups % 20 < 10, 'documents', 'calendar'))
                  END,
                  n, (n % $groups) * 10 + n / $groups % 10, n * 7919 % 4096)
    FROM items;
    SELECT format('{\"type\":\"grant\",\"resource\":{\"folder\":\"01900000-0000-7000-9000-%012d\"},\"right\":\"add\",\"to\":{\"group\":\"group-%d\"}}',
                  n * 39 + k, n)
    FROM folders CROSS JOIN groups WHERE k >= 12 AND k % 3 = 0;
    SELECT format('{\"type\":\"grant\",\"resource\":{\"folder\":\"01900000-0000-7000-9000-%012d\"},\"right\":\"delete\",\"to\":{\"user\":\"user-%d\"}}',
                  n * 39 + 3 + n % 9, n * 10 + 2)
    FROM groups;
    SELECT format('{\"type\":\"grant\",\"resource\":{\"item\":\"01900000-0000-7000-8000-%012d\"},\"right\":\"edit\",\"to\":{\"user\":\"user-%d\"}}',
                  n, (n % $groups) * 10 + 3)
    FROM items WHERE n / $groups < 800 AND n / $groups % 100 = 0;
    SELECT format('{\"type\":\"grant\",\"resource\":{\"tool\":\"user:user-%d/calendar\"},\"right\":\"view_details\",\"to\":{\"group\":\"group-%d\"}}',
                  n, n / 10)
    FROM users;
    SELECT format('{\"type\":\"grant\",\"resource\":{\"tool\":\"user:user-%d/profile\"},\"right\":\"view\",\"to\":{\"group\":\"group-%d\"}}',
                  n, n / 10)
    FROM users WHERE n % 2 = 0;"
}

begun=$SECONDS
echo "$items items in $groups groups of $users users, into $database"
lines | "$conclave" import --atomic --database "$database" -
sqlite3 "$database" "
    SELECT 'subscriptions', count(*) FROM subscriptions UNION ALL SELECT 'users', count(*) FROM users
    UNION ALL SELECT 'groups', count(*) FROM groups UNION ALL SELECT 'members', count(*) FROM members
    UNION ALL SELECT 'tools', count(*) FROM tools UNION ALL SELECT 'folders', count(*) FROM folders
    UNION ALL SELECT 'items', count(*) FROM items UNION ALL SELECT 'grants', count(*) FROM grants" | tr '|' '\t'
echo "$(($(stat -c %s "$database") / 1048576)) MiB in $((SECONDS - begun)) s"
