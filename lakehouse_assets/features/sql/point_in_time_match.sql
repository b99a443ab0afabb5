-- For every observation that sees a feature row: event time and known time of the newest one that it sees.
--
-- A feature row is visible from v = greatest(event, known) on. The match is the greatest (event, known) among the rows
-- with v <= t, that is a running maximum over rows in the order in which they became visible: exact, whatever the
-- order of ingestion was.
--
-- Sorting all feature rows would cost more than the whole join may (17 CPU-s for 10 million), so time is cut into cells.
-- Of a cell in which no observation of the entity lies, only the maximum is kept: the entity's next observation sees
-- all of its rows. Rows of the other cells, as many as there are observations times a few, are kept one by one.
CREATE OR REPLACE TEMP TABLE pit_match AS
WITH feature_row AS (
    SELECT entity, {epoch}(event_time) AS event, {epoch}(known_at) AS known FROM pit_source JOIN pit_entity USING ({keys})
),
visible AS (
    SELECT
        entity,
        -- Both times in one number that sorts as the pair does: DuckDB's maximum of a pair takes twice as long.
        event::HUGEINT * 18446744073709551616 + known AS both_times,
        greatest(event, known) AS v,
        -- Float arithmetic rounds, and rounding keeps order: cells are intervals of time whatever it loses.
        CASE
            WHEN greatest(event, known) < $first::BIGINT THEN -1
            ELSE floor((greatest(event, known)::DOUBLE - $first::DOUBLE) / $width::DOUBLE)
        END AS cell
    FROM feature_row
    WHERE known <= $last::BIGINT AND event <= $last::BIGINT AND event >= $oldest::BIGINT
),
observed AS (
    SELECT ordinal, entity, t, floor((t::DOUBLE - $first::DOUBLE) / $width::DOUBLE) AS cell FROM pit_observation
),
whole_cell AS (
    SELECT entity, cell, min(v) AS v, max(both_times) AS both_times FROM visible GROUP BY entity, cell
),
step AS (
    SELECT entity, v, both_times, NULL::BIGINT AS ordinal FROM whole_cell ANTI JOIN observed USING (entity, cell)
    UNION ALL
    SELECT entity, v, both_times, NULL::BIGINT FROM visible SEMI JOIN observed USING (entity, cell)
    UNION ALL
    SELECT entity, t, NULL::HUGEINT, ordinal FROM observed
),
running AS (
    SELECT
        ordinal,
        entity,
        v AS t,
        -- At one time rows come before observations: what is known at t may be used at t.
        max(both_times) OVER (PARTITION BY entity ORDER BY v, ordinal NULLS FIRST ROWS UNBOUNDED PRECEDING)
            AS both_times
    FROM step
),
newest AS (
    SELECT *, both_times & 18446744073709551615 AS low FROM running WHERE ordinal IS NOT NULL AND both_times IS NOT NULL
),
parted AS (
    SELECT *, CASE WHEN low < 9223372036854775808 THEN low ELSE low - 18446744073709551616 END AS known FROM newest
),
match AS (
    SELECT ordinal, entity, t, (both_times - known) // 18446744073709551616 AS event, known FROM parted
)
SELECT ordinal, entity, event::BIGINT AS event, known::BIGINT AS known
FROM match
WHERE $limit::HUGEINT IS NULL OR t::HUGEINT - event <= $limit::HUGEINT;
