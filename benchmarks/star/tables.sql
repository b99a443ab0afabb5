-- A retailer's star schema, after the shape of TPC-DS at scale 1: one fact of 2,880,000 rows, one of 288,000 and eight
-- dimensions. roll(row, purpose, sides) = (hash(row, purpose) % sides)::BIGINT: nothing is random.
-- One statement a table; the name is the comment above it.

-- dates
SELECT i::INTEGER AS date_id, (DATE '1998-01-01' + i::INTEGER) AS date, year(date)::INTEGER AS year, month(date)::INTEGER AS month,
       day(date)::INTEGER AS day_of_month, quarter(date)::INTEGER AS quarter, dayname(date) AS day_name,
       (i // 7)::INTEGER AS week_number, ((year(date) - 1998) * 12 + month(date))::INTEGER AS month_number,
       isodow(date) >= 6 AS weekend
FROM range(2191) t(i);

-- times
SELECT i::INTEGER AS time_id, (i // 3600)::INTEGER AS hour, (i // 60 % 60)::INTEGER AS minute,
       CASE WHEN i // 3600 BETWEEN 6 AND 8 THEN 'breakfast' WHEN i // 3600 BETWEEN 11 AND 13 THEN 'lunch'
            WHEN i // 3600 BETWEEN 17 AND 20 THEN 'dinner' END AS meal
FROM range(86400) t(i);

-- items
SELECT i::INTEGER AS item_id, 'ITEM' || lpad(i::VARCHAR, 12, '0') AS item_code,
       ['Books', 'Children', 'Electronics', 'Home', 'Jewelry', 'Men', 'Music', 'Shoes', 'Sports', 'Women'][1 + roll(i, 1, 10)]
           AS category,
       category || ' class ' || (roll(i, 2, 12)) AS class, 'brand ' || (roll(i, 3, 700)) AS brand,
       (roll(i, 4, 1000))::INTEGER AS manufacturer_id, (roll(i, 5, 100))::INTEGER AS manager_id,
       ['red', 'green', 'blue', 'white', 'black', 'ivory', 'plum', 'peach', 'slate', 'orchid'][1 + roll(i, 6, 10)] AS color,
       ((roll(i, 7, 9900) + 100) / 100)::DECIMAL(7, 2) AS price,
       'A ' || color || ' thing of ' || class || ' made for ' || (roll(i, 8, 5000)) AS description
FROM range(18000) t(i);

-- stores
SELECT i::INTEGER AS store_id, 'store ' || i AS name, ['Midway', 'Fairview', 'Oak Grove', 'Centerville'][1 + roll(i, 11, 4)] AS city,
       ['TN', 'OH', 'GA', 'TX', 'CA', 'WA'][1 + roll(i, 12, 6)] AS state, (roll(i, 13, 10))::INTEGER AS market_id,
       (200 + roll(i, 14, 100))::INTEGER AS employees
FROM range(60) t(i);

-- promotions
SELECT i::INTEGER AS promotion_id, 'promotion ' || i AS name, roll(i, 21, 2) = 0 AS by_mail, roll(i, 22, 3) = 0 AS by_event,
       ((roll(i, 23, 100000)) / 100)::DECIMAL(9, 2) AS cost
FROM range(300) t(i);

-- households
SELECT i::INTEGER AS household_id, (i % 20 + 1)::INTEGER AS income_band,
       ['0-500', '501-1000', '1001-5000', '5001-10000', '>10000', 'Unknown'][1 + i // 20 % 6] AS buy_potential,
       (i // 120 % 10)::INTEGER AS dependents, (i // 1200 % 6 - 1)::INTEGER AS vehicles
FROM range(7200) t(i);

-- addresses
SELECT i::INTEGER AS address_id, 'city ' || (roll(i, 31, 900)) AS city, 'county ' || (roll(i, 32, 1800)) AS county,
       ['TN', 'OH', 'GA', 'TX', 'CA', 'WA', 'NY', 'IL', 'MI', 'KS', 'LA', 'NC'][1 + roll(i, 33, 12)] AS state,
       lpad((roll(i, 34, 99999))::VARCHAR, 5, '0') AS zip, (-5 - (roll(i, 35, 4)))::INTEGER AS utc_offset
FROM range(50000) t(i);

-- customers
SELECT i::INTEGER AS customer_id, 'CUST' || lpad(i::VARCHAR, 12, '0') AS customer_code,
       (roll(i, 41, 50000))::INTEGER AS address_id, (roll(i, 42, 7200))::INTEGER AS household_id,
       'First' || (roll(i, 43, 4000)) AS first_name, 'Last' || (roll(i, 44, 6000)) AS last_name,
       (1924 + roll(i, 45, 69))::INTEGER AS birth_year, ['M', 'F'][1 + roll(i, 46, 2)] AS gender,
       ['S', 'M', 'D', 'W', 'U'][1 + roll(i, 47, 5)] AS marital_status,
       ['Primary', 'Secondary', 'College', '2 yr Degree', '4 yr Degree', 'Advanced Degree', 'Unknown'][1 + roll(i, 48, 7)] AS education
FROM range(100000) t(i);

-- sales
WITH tickets AS (
    SELECT i, i // 12 AS ticket,
           -- A third of the days of a year carry half of the sales, as before holidays.
           (CASE WHEN roll(i // 12, 51, 2) = 0 THEN roll(i // 12, 52, 6) * 365 + 245 + roll(i // 12, 53, 120)
                 ELSE roll(i // 12, 54, 2190) END)::INTEGER AS date_id
    FROM range(2880000) t(i)
), priced AS (
    SELECT *, (1 + roll(i, 60, 100))::INTEGER AS quantity, ((100 + roll(i, 61, 9900)) / 100)::DECIMAL(7, 2) AS wholesale_cost,
           (wholesale_cost * (1 + (roll(i, 62, 100)) / 100))::DECIMAL(7, 2) AS list_price,
           (list_price * (roll(i, 63, 101)) / 100)::DECIMAL(7, 2) AS sales_price
    FROM tickets
)
SELECT CASE WHEN roll(i, 70, 25) > 0 THEN date_id END AS date_id, CASE WHEN roll(i, 71, 25) > 0 THEN (28800 + roll(ticket, 72, 46800))::INTEGER END AS time_id,
       (roll(i, 73, 18000))::INTEGER AS item_id, CASE WHEN roll(i, 74, 25) > 0 THEN (roll(ticket, 75, 100000))::INTEGER END AS customer_id,
       CASE WHEN roll(i, 76, 25) > 0 THEN (roll(ticket, 77, 7200))::INTEGER END AS household_id,
       CASE WHEN roll(i, 78, 25) > 0 THEN (roll(ticket, 79, 60))::INTEGER END AS store_id,
       CASE WHEN roll(i, 80, 25) > 0 THEN (roll(i, 81, 300))::INTEGER END AS promotion_id, ticket::BIGINT AS ticket, quantity,
       wholesale_cost, list_price, sales_price, (quantity * (list_price - sales_price))::DECIMAL(9, 2) AS discount,
       (quantity * sales_price)::DECIMAL(9, 2) AS amount, (quantity * wholesale_cost)::DECIMAL(9, 2) AS cost,
       (amount * (roll(i, 82, 9)) / 100)::DECIMAL(9, 2) AS tax,
       CASE WHEN roll(i, 83, 5) = 0 THEN (amount * (roll(i, 84, 100)) / 100)::DECIMAL(9, 2) ELSE 0 END::DECIMAL(9, 2) AS coupon,
       (amount - coupon)::DECIMAL(9, 2) AS net_paid, (amount - coupon - cost)::DECIMAL(9, 2) AS net_profit
FROM priced ORDER BY date_id NULLS LAST, ticket;

-- returns
SELECT (date_id + 1 + roll(ticket * 18000 + item_id, 91, 60))::INTEGER AS date_id, item_id, customer_id, store_id, ticket,
       (1 + roll(ticket * 18000 + item_id, 92, quantity))::INTEGER AS quantity, (sales_price * (1 + roll(ticket * 18000 + item_id, 92, quantity)))::DECIMAL(9, 2) AS amount,
       ['damaged', 'wrong size', 'late', 'not as described', 'other'][1 + roll(ticket * 18000 + item_id, 93, 5)] AS reason
FROM sales WHERE roll(ticket * 18000 + item_id, 90, 10) = 0;
