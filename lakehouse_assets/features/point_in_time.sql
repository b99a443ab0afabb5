-- For every observation: event time and known time of the feature row that was the newest visible one at its time.
--
-- Reads the temporary tables `observation` (ordinal, entity, t) and `narrow` (entity, event, known). A feature row is
-- visible from v = greatest(event, known) on, and the match is the greatest (event, known) among the rows with v <= t:
-- a running maximum over rows in the order in which they became visible. That is exact whatever the order of ingestion.
--
-- Sorting all feature rows would cost more than the join is worth. So time is cut into cells. Of a cell in which
-- no observation of the entity lies only the maximum matters, since all its rows are visible to the next observation.
WITH visible AS (
    SELECT
        entity,
        -- Both times in one number that sorts as the pair does; DuckDB has no fast maximum of a pair.
        event::HUGEINT * 18446744073709551616 + known AS both,
        greatest(event, known) AS v,
        -- Float arithmetic rounds, and rounding keeps order: cells are intervals of time whatever it loses.
        CASE
            WHEN greatest(event, known) < $first THEN -1
            ELSE floor((greatest(event, known)::DOUBLE - $first::BIGINT) / $width)
        END AS cell
    FROM narrow
    WHERE known <= $last AND event BETWEEN $oldest AND $last
),
observed AS (
    SELECT ordinal, entity, t, floor((t::DOUBLE - $first::BIGINT) / $width) AS cell FROM observation
),
steps AS (
    SELECT entity, min(v) AS v, max(both) AS both, NULL::BIGINT AS ordinal
    FROM visible
    GROUP BY entity, cell
    HAVING (entity, cell) NOT IN (SELECT (entity, cell) FROM observed)
    UNION ALL
    SELECT entity, v, both, NULL FROM visible SEMI JOIN observed USING (entity, cell)
    UNION ALL
    SELECT entity, t, NULL, ordinal FROM observed
),
newest AS (
    SELECT
        ordinal,
        entity,
        v AS t,
        -- At the same time rows come before observations: what is known at t may be used at t.
        max(both) OVER (PARTITION BY entity ORDER BY v, ordinal NULLS FIRST ROWS UNBOUNDED PRECEDING) AS both
    FROM steps
    QUALIFY ordinal IS NOT NULL
)
SELECT
    ordinal,
    entity,
    t,
    ((both - known) // 18446744073709551616)::BIGINT AS event,
    known
FROM (
    SELECT *, (both & 18446744073709551615) AS low, CASE WHEN low >= 9223372036854775808 THEN low - 18446744073709551616 ELSE low END::BIGINT AS known
    FROM newest
    WHERE both IS NOT NULL
)
