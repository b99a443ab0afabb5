-- What a meter really drew in the quarter hour that was forecast, and since when that is known.
SELECT
    observations.meter_id,
    observations.target_at,
    observations.day,
    CAST(readings.usage AS DOUBLE)  AS label,
    readings.known_at               AS label_known_at,
    readings.day                    AS label_day
FROM observations
JOIN readings
    ON readings.meter_id = observations.meter_id AND readings.event_time = observations.target_at
