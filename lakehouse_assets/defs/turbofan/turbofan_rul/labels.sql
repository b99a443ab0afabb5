-- The cycles that an engine flew after the one it was observed at. An engine that failed twice, or flew on after failing,
-- has no label, whichever is right; its rows in harmonized/turbofan/failures name the files to put right.
WITH ends AS (
    SELECT engine_id, max(cycle) AS last_cycle, max(known_at) AS known_at, max(day) AS day
    FROM failures
    GROUP BY engine_id
    HAVING count(*) = 1
), flown AS (
    SELECT engine_id, max(cycle) AS cycle
    FROM readings
    GROUP BY engine_id
)
SELECT
    observations.engine_id,
    observations.day,
    CAST(ends.last_cycle - observations.cycle AS DOUBLE)    AS label,
    ends.known_at                                           AS label_known_at,
    ends.day                                                AS label_day
FROM observations
JOIN ends ON ends.engine_id = observations.engine_id
LEFT JOIN flown ON flown.engine_id = observations.engine_id
WHERE coalesce(flown.cycle, 0) <= ends.last_cycle AND observations.cycle <= ends.last_cycle
