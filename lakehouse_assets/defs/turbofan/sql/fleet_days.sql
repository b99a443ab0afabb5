-- One row per fleet and day: how many engines flew, how old they were, how hot they ran, how many failed.
SELECT
    readings.fleet,
    readings.day,
    count(*)                                        AS engines_flying,
    count(failures.engine_id)                       AS engines_failed,
    avg(readings.cycle)                             AS mean_age_cycles,
    avg(readings.t50)                               AS mean_t50_k,
    max(readings.t50)                               AS max_t50_k,
    count(*) FILTER (WHERE readings.t50 IS NULL)    AS engines_without_t50
FROM readings
LEFT JOIN failures
    ON failures.engine_id = readings.engine_id AND failures.day = readings.day
GROUP BY readings.fleet, readings.day
ORDER BY readings.fleet, readings.day
