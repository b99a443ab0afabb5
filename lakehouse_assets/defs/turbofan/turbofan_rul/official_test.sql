-- The last observation of every engine whose true remaining life the publisher states, with that life.
SELECT
    observations.engine_id,
    observations.day,
    CAST(lives.remaining_cycles AS DOUBLE)  AS label
FROM observations
JOIN lives ON lives.engine_id = observations.engine_id
QUALIFY row_number() OVER (PARTITION BY observations.engine_id ORDER BY observations.day DESC) = 1
