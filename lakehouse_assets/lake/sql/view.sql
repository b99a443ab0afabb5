-- Errors are casts that fail: error() is volatile, and DuckDB runs a volatile view once for each row of a query that
-- correlates with it (an EXISTS over a join took minutes, 0.1 s without).
-- The replaying branch has __as_made as a column of its files, though none holds it: the join with the log then skips all
-- files before it opens them where the branch is not taken. As a value of the branch's SELECT it did not, and each query
-- read most of each table twice.
-- Folders are listed left to right as DuckDB binds: the newest commit, the commits to replay, the data files.
SELECT $names
FROM (SELECT coalesce(max(file) = $made_commit, false) AS unchanged FROM glob($commits)) AS log,
(
    $as_made
    SELECT data.__as_made, $columns
    FROM (
        WITH commits AS MATERIALIZED (
            SELECT filename AS commit, content, count(*) OVER () AS number, max(filename) OVER () AS newest
            FROM read_text($commits)
            WHERE filename > $made_commit
        ),
        actions AS (
            SELECT commit, line, coalesce(line->>'$$.add.path', line->>'$$.remove.path') AS path,
                (line->>'$$.add.path') IS NOT NULL AS is_there
            FROM (
                SELECT commit, unnest(string_split(content, chr(10))) AS line
                FROM commits
                WHERE CASE WHEN number = parse_filename(newest, true)::BIGINT - $made_version THEN true
                    ELSE CAST($gone || commit AS BIGINT) = 0 END
            )
            WHERE line <> ''
        )
        SELECT CASE WHEN there.file IS NULL
            THEN CAST(CAST('The file ' || active.path || ', which the log names, is gone.' AS BIGINT) AS VARCHAR)
            ELSE active.path END AS path
        FROM (
            SELECT path
            FROM (
                SELECT
                    commit,
                    $folder_slash || url_decode(coalesce(path, '')) AS path,
                    is_there,
                    CASE
                        WHEN (line->'$$.metaData') IS NOT NULL AND NOT (
                            list_has_all(
                                list_zip(
                                    json_extract_string(line->>'$$.metaData.schemaString', '$$.fields[*].name'),
                                    json_extract_string(line->>'$$.metaData.schemaString', '$$.fields[*].type')
                                ), $made_columns
                            )
                            AND json_extract_string(line, '$$.metaData.partitionColumns[*]') = $partition_columns
                        ) THEN CAST($changed || commit AS BIGINT)
                        WHEN (line->'$$.protocol.readerFeatures') IS NOT NULL
                            OR (line->>'$$.add.deletionVector.storageType') IS NOT NULL
                            OR NOT regexp_full_match(line->>'$$.add.path', $path_pattern)
                            OR contains(line->>'$$.metaData.configuration', 'columnMapping.mode')
                        THEN CAST($unreadable || commit AS BIGINT)
                    END AS problem
                FROM actions
                UNION ALL
                SELECT '', unnest($made_files), true, NULL FROM (SELECT 1 FROM commits LIMIT 1)
            )
            GROUP BY path
            -- Problems are counted, not filtered by: other filters would be tried first and hide them.
            HAVING arg_max(is_there, commit) AND count(problem) = 0
        ) AS active LEFT JOIN glob($data_files) AS there ON active.path = there.file
    ) AS active,
    (
        -- Without any file DuckDB gives no columns; the union does.
        SELECT $empty_columns WHERE false
        UNION ALL BY NAME
        FROM read_parquet(
            $data_files, schema = $replayed_columns, filename = true, allow_empty = true, explicit_cardinality = $rows
        )
    ) AS data
    WHERE data.filename = active.path
) AS rows
WHERE rows.__as_made = log.unchanged
