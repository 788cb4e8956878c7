# sqlite3's shell on a script of 10,000 statements: transactions, indexes, joins, windows, JSON, full-text search, damage.
# Prices are rounded: its own printing of numbers uses a long double, which is wider on this machine than on the guests.
# packages: sqlite3
# seconds: 60
export LC_ALL=C
dir=$(mktemp -d); cd "$dir" || exit 1
awk -f - << 'END' > script.sql
BEGIN {
    print "PRAGMA journal_mode = wal; PRAGMA synchronous = off; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, qty INT, note BLOB);"
    print "CREATE TABLE log (item INT REFERENCES item, what TEXT); CREATE INDEX by_name ON item (name); CREATE INDEX by_qty ON item (qty, price DESC);"
    print "CREATE TRIGGER noted AFTER UPDATE ON item BEGIN INSERT INTO log VALUES (new.id, old.qty || '>' || new.qty); END; BEGIN;"
    for (i = 0; i < 9900; i++) {
        seed = (seed * 69069 + 12345) % 4294967296; r = int(seed / 65536); k = 1 + r % 2500
        if (i % 500 == 499) print "COMMIT; BEGIN;"
        if (i < 3000 || r % 5 == 0) printf "INSERT OR REPLACE INTO item VALUES (%d, 'name %d', %d.%02d, %d, x'%04x');\n", k, r % 777, r % 1000, i % 100, r % 50, r
        else if (r % 5 == 1) printf "UPDATE item SET qty = qty + %d, price = price * 1.01 WHERE id BETWEEN %d AND %d;\n", i % 7, k, k + 2
        else if (r % 5 == 2) printf "DELETE FROM item WHERE id = %d AND qty < 10;\n", k
        else if (r % 5 == 3) printf "SELECT %d, count(*), sum(qty), round(avg(price), 6) FROM item WHERE qty = %d;\n", i, r % 50
        else printf "SELECT id, name, qty, hex(note), printf('%%.3f', price) FROM item WHERE name = 'name %d' ORDER BY price, id LIMIT 2;\n", r % 777
        if (i % 1000 == 700) print "SAVEPOINT s; DELETE FROM item WHERE id % 3 = 0; SELECT count(*) FROM item; ROLLBACK TO s; RELEASE s;"
    }
    print "COMMIT;"
}
END
grep -c ';' script.sql | awk '{ print ($1 >= 9900) }'
sqlite3 data.db < script.sql | md5sum
sqlite3 -header -column data.db << 'END'
SELECT count(*), sum(qty), round(total(price), 4), count(DISTINCT name) FROM item;
SELECT what, count(*) AS n FROM log GROUP BY what ORDER BY n DESC, what LIMIT 3;
SELECT id, qty, rank() OVER (ORDER BY qty DESC, id) AS place, lag(qty, 1, -1) OVER (ORDER BY id) AS before FROM item ORDER BY place LIMIT 3;
WITH RECURSIVE f(a, b) AS (VALUES (0, 1) UNION ALL SELECT b, a + b FROM f LIMIT 90) SELECT max(a) FROM f;
EXPLAIN QUERY PLAN SELECT * FROM item JOIN log ON log.item = item.id WHERE item.name = 'x';
PRAGMA integrity_check;
END
sqlite3 data.db << 'END'
SELECT json_extract('{"a":[1,{"b":2.5}]}', '$.a[1].b'), json_group_array(qty) FROM (SELECT qty FROM item ORDER BY id LIMIT 5);
CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words SELECT name || ' ' || what FROM item JOIN log ON log.item = item.id; SELECT count(*) FROM words WHERE words MATCH '"name 7"';
CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, y0, y1); INSERT INTO box SELECT id, qty, qty + 1, id % 100, id % 100 + 2 FROM item; SELECT count(*) FROM box WHERE x1 > 20 AND x0 < 30 AND y0 < 10;
SELECT 9223372036854775807 + 1, 1 / 0, 7 / -2, -7 % 3, 1e400, cast('12abc' AS INT), typeof(2.0), round(2.5), abs(-9.5), 5 << 40, ~0, unicode('é'), hex('é'), 0.1 + 0.2, 1e15, 123456789012345678;
SELECT date(0, 'unixepoch'), strftime('%j %W', '2024-12-31'), julianday('2000-01-01'), datetime(4e9, 'unixepoch'), date('2024-01-31', '+1 month'), printf('%08.3f|%,d|%q', 3.14159, 1234567, 'it''s'), instr('hello', 'll'), substr('héllo', 2, 3), group_concat(x, '-') FROM (SELECT 1 AS x UNION SELECT 2);
SELECT sum(x), min(x), total(x) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 200000) SELECT x * x % 1009 AS x FROM c);
SELECT * FROM nowhere;
INSERT INTO item (id) SELECT id FROM item LIMIT 1;
VACUUM; PRAGMA wal_checkpoint(truncate); PRAGMA page_count;
.mode csv
SELECT id, name, price FROM item ORDER BY random() * 0 + id LIMIT 3;
.schema log
END
sqlite3 data.db '.dump log' | md5sum; sqlite3 data.db .dump | sqlite3 copy.db; sqlite3 copy.db 'SELECT count(*) FROM item'; sqlite3 data.db '.backup back.db' && sqlite3 back.db 'PRAGMA quick_check'
(sqlite3 data.db 'BEGIN IMMEDIATE' '.shell sleep 1' 'INSERT INTO log VALUES (0, "first")' COMMIT) & sleep 0.4; sqlite3 -cmd '.timeout 20000' data.db 'INSERT INTO log VALUES (0, "second")'; wait; sqlite3 data.db 'SELECT what FROM log WHERE item = 0'
dd if=/dev/zero of=copy.db bs=4096 seek=3 count=2 conv=notrunc 2> /dev/null; sqlite3 copy.db 'PRAGMA integrity_check' > /dev/null 2>&1; sqlite3 copy.db 'SELECT sum(qty) FROM item NOT INDEXED' 2>&1 | tail -n 1 | cut -c1-20
cd /; rm -r "$dir"
