-- Fetch the features of the matched rows, in the order of the observations. Only here are the features read.
WITH wanted AS (
    SELECT DISTINCT entity, event, known, {keys} FROM pit_match JOIN pit_entity USING (entity)
),
source AS (
    SELECT *, {epoch}(event_time) AS event, {epoch}(known_at) AS known FROM pit_source
),
taken AS (
    SELECT entity, event, known, {features}, event_time
    FROM source JOIN wanted USING ({keys}, event, known)
    -- Rows equal in key and both times: always the same one, in whatever order they were stored.
    QUALIFY row_number() OVER (PARTITION BY entity, event, known ORDER BY {order}) = 1
)
SELECT {features}, event_time
FROM pit_given LEFT JOIN pit_match USING (ordinal) LEFT JOIN taken USING (entity, event, known)
ORDER BY ordinal;
