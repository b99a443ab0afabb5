-- One row per plant and day on which any domain delivered anything there. A figure is null where nothing says it: a domain
-- that delivered nothing that day, or a use case that predicted nothing.
WITH place AS (
    -- Where each piece of equipment stood, from a day on and until another. Days are UTC.
    SELECT
        equipment_id,
        site,
        CAST(valid_from AT TIME ZONE 'UTC' AS DATE)                             AS since,
        coalesce(CAST(valid_to AT TIME ZONE 'UTC' AS DATE), DATE '9999-12-31')  AS until
    FROM equipment
), engines AS (
    SELECT place.site, engine_readings.day, count(*) FILTER (WHERE engine_failures.engine_id IS NULL) AS in_service
    FROM engine_readings
    JOIN place
        ON place.equipment_id = engine_readings.engine_id
        AND engine_readings.day >= place.since AND engine_readings.day < place.until
    LEFT JOIN engine_failures
        ON engine_failures.engine_id = engine_readings.engine_id AND engine_failures.day = engine_readings.day
    GROUP BY place.site, engine_readings.day
), risks AS (
    SELECT
        place.site,
        engine_predictions.day,
        count(*) FILTER (WHERE engine_predictions.remaining_cycles < $engines_at_risk_below) AS at_risk
    FROM engine_predictions
    JOIN place
        ON place.equipment_id = engine_predictions.engine_id
        AND engine_predictions.day >= place.since AND engine_predictions.day < place.until
    GROUP BY place.site, engine_predictions.day
), made AS (
    SELECT place.site, products.day, count(*) AS made
    FROM products
    JOIN place
        ON place.equipment_id = products.machine_id
        AND products.day >= place.since AND products.day < place.until
    GROUP BY place.site, products.day
), failed AS (
    SELECT place.site, product_failures.day, sum(product_failures.failed) AS failed
    FROM product_failures
    JOIN place
        ON place.equipment_id = product_failures.machine_id
        AND product_failures.day >= place.since AND product_failures.day < place.until
    GROUP BY place.site, product_failures.day
), expected AS (
    SELECT place.site, product_predictions.day, sum(product_predictions.failure_probability) AS expected
    FROM product_predictions
    JOIN place
        ON place.equipment_id = product_predictions.machine_id
        AND product_predictions.day >= place.since AND product_predictions.day < place.until
    GROUP BY place.site, product_predictions.day
), used AS (
    SELECT place.site, meter_readings.day, sum(meter_readings.usage) AS used
    FROM meter_readings
    JOIN place
        ON place.equipment_id = meter_readings.meter_id
        AND meter_readings.day >= place.since AND meter_readings.day < place.until
    GROUP BY place.site, meter_readings.day
), forecast AS (
    SELECT
        place.site,
        CAST(meter_forecasts.day + INTERVAL 1 DAY AS DATE)  AS day,
        sum(meter_forecasts.demand)                         AS forecast
    FROM meter_forecasts
    JOIN place
        ON place.equipment_id = meter_forecasts.meter_id
        AND meter_forecasts.day >= place.since AND meter_forecasts.day < place.until
    GROUP BY place.site, meter_forecasts.day
), days AS (
    SELECT site, day FROM engines
    UNION SELECT site, day FROM made
    UNION SELECT site, day FROM used
)
SELECT
    days.site                               AS site,
    days.day                                AS day,
    engines.in_service                      AS engines_in_service,
    risks.at_risk                           AS engines_at_risk,
    made.made                               AS products_made,
    CAST(failed.failed AS BIGINT)           AS machine_failures,
    CAST(expected.expected AS DOUBLE)       AS expected_failures,
    CAST(used.used AS DOUBLE)               AS energy_used,
    CAST(forecast.forecast AS DOUBLE)       AS energy_forecast
FROM days
LEFT JOIN engines ON engines.site = days.site AND engines.day = days.day
LEFT JOIN risks ON risks.site = days.site AND risks.day = days.day
LEFT JOIN made ON made.site = days.site AND made.day = days.day
LEFT JOIN failed ON failed.site = days.site AND failed.day = days.day
LEFT JOIN expected ON expected.site = days.site AND expected.day = days.day
LEFT JOIN used ON used.site = days.site AND used.day = days.day
LEFT JOIN forecast ON forecast.site = days.site AND forecast.day = days.day
ORDER BY days.site, days.day
