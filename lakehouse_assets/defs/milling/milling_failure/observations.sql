-- Every product that was made, and since when its conditions are known.
SELECT machine_id, product_id, product_number, day, known_at, quality
FROM operations
