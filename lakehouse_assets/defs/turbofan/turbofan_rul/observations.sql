-- Every reading of an engine of which nobody knew yet that it had failed that day.
SELECT readings.engine_id, readings.day, readings.known_at, readings.fleet, readings.cycle
FROM readings
WHERE NOT EXISTS (
    SELECT 1
    FROM failures
    WHERE failures.engine_id = readings.engine_id
        AND failures.day = readings.day
        AND failures.known_at <= readings.known_at
)
