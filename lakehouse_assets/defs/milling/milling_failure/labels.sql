-- Whether the machine failed at a product (1) or not (0), and since when the inspection's finding is known.
SELECT
    observations.machine_id,
    observations.product_id,
    observations.product_number,
    observations.day,
    CAST(failures.failed AS DOUBLE)     AS label,
    failures.known_at                   AS label_known_at,
    failures.day                        AS label_day
FROM observations
JOIN failures
    ON  failures.machine_id = observations.machine_id
    AND failures.product_id = observations.product_id
    AND failures.product_number = observations.product_number
    AND failures.day = observations.day
