-- 25 queries of different shapes; the name of each is the comment above it.

-- 01 brands of a manager by year, two joins
SELECT d.year, i.brand, sum(s.amount) AS amount
FROM sales s JOIN dates d USING (date_id) JOIN items i USING (item_id)
WHERE i.manager_id = 28 AND d.month = 11 GROUP BY ALL ORDER BY d.year, amount DESC, i.brand LIMIT 100;

-- 02 averages for a demographic group, four joins
SELECT i.item_code, avg(s.quantity), avg(s.list_price), avg(s.coupon), avg(s.sales_price)
FROM sales s JOIN dates d USING (date_id) JOIN items i USING (item_id) JOIN customers c USING (customer_id) JOIN promotions p USING (promotion_id)
WHERE c.gender = 'M' AND c.marital_status = 'S' AND c.education = 'College' AND NOT p.by_event AND d.year = 2000
GROUP BY ALL ORDER BY i.item_code LIMIT 100;

-- 03 buckets of one column, five scalar aggregates in one pass
SELECT count(*) FILTER (quantity BETWEEN 1 AND 20), avg(discount) FILTER (quantity BETWEEN 1 AND 20),
       count(*) FILTER (quantity BETWEEN 21 AND 40), avg(discount) FILTER (quantity BETWEEN 21 AND 40),
       count(*) FILTER (quantity BETWEEN 41 AND 60), avg(net_paid) FILTER (quantity BETWEEN 61 AND 80) FROM sales;

-- 04 disjunction of ranges over three tables
SELECT avg(s.quantity), avg(s.amount), avg(s.cost), sum(s.cost)
FROM sales s JOIN households h USING (household_id) JOIN customers c USING (customer_id) JOIN dates d USING (date_id)
WHERE d.year = 2001 AND ((c.marital_status = 'M' AND c.education = 'Advanced Degree' AND s.sales_price BETWEEN 50 AND 100 AND h.dependents = 3)
  OR (c.marital_status = 'D' AND c.education = 'College' AND s.sales_price BETWEEN 20 AND 60 AND h.dependents = 1));

-- 05 revenue by category with a share of its class (window over an aggregate)
SELECT i.category, i.class, i.item_code, sum(s.amount) AS revenue, sum(s.amount) * 100 / sum(sum(s.amount)) OVER (PARTITION BY i.class) AS share
FROM sales s JOIN items i USING (item_id) JOIN dates d USING (date_id)
WHERE i.category IN ('Sports', 'Books', 'Home') AND d.date BETWEEN DATE '1999-02-22' AND DATE '1999-03-24'
GROUP BY i.category, i.class, i.item_code ORDER BY i.category, i.class, i.item_code, share LIMIT 100;

-- 06 customers away from their own county's stores
SELECT i.brand, i.manufacturer_id, sum(s.amount) AS amount
FROM sales s JOIN dates d USING (date_id) JOIN items i USING (item_id) JOIN customers c USING (customer_id)
JOIN addresses a USING (address_id) JOIN stores t USING (store_id)
WHERE i.manager_id = 8 AND d.month = 11 AND d.year = 1999 AND a.state <> t.state GROUP BY ALL ORDER BY amount DESC, i.brand, i.manufacturer_id LIMIT 100;

-- 07 roll-up of profit margin
SELECT i.category, i.class, sum(s.net_profit) / sum(s.amount) AS margin, grouping(i.category) + grouping(i.class) AS level
FROM sales s JOIN dates d USING (date_id) JOIN items i USING (item_id) JOIN stores t USING (store_id)
WHERE d.year = 2001 AND t.state = 'TN' GROUP BY ROLLUP (i.category, i.class) ORDER BY level DESC, margin, i.category, i.class LIMIT 100;

-- 08 a weekday pivot for each store
SELECT t.name, sum(s.sales_price) FILTER (d.day_name = 'Sunday') AS sunday, sum(s.sales_price) FILTER (d.day_name = 'Monday') AS monday,
       sum(s.sales_price) FILTER (d.day_name = 'Friday') AS friday, sum(s.sales_price) FILTER (d.day_name = 'Saturday') AS saturday
FROM sales s JOIN dates d USING (date_id) JOIN stores t USING (store_id) WHERE d.year = 2000 GROUP BY ALL ORDER BY t.name;

-- 09 large baskets, a filter on groups
SELECT c.last_name, c.first_name, n.ticket, n.lines
FROM (SELECT s.ticket, s.customer_id, count(*) AS lines FROM sales s JOIN dates d USING (date_id) JOIN stores t USING (store_id)
      JOIN households h USING (household_id) WHERE d.day_of_month BETWEEN 1 AND 3 AND h.vehicles > 3 AND d.year IN (1999, 2000, 2001) GROUP BY ALL) n
JOIN customers c USING (customer_id) WHERE n.lines BETWEEN 9 AND 12 ORDER BY ALL LIMIT 200;

-- 10 half-hours of the day
SELECT count(*) FROM sales s JOIN households h USING (household_id) JOIN times m USING (time_id) JOIN stores t USING (store_id)
WHERE m.hour = 20 AND m.minute >= 30 AND h.dependents = 7 AND t.name = 'store 7';

-- 11 sold, then returned: two facts on ticket and item
SELECT i.item_code, sum(s.net_profit) AS profit, sum(r.amount) AS returned
FROM sales s JOIN returns r ON r.ticket = s.ticket AND r.item_id = s.item_id AND r.customer_id = s.customer_id
JOIN dates d ON d.date_id = s.date_id JOIN items i ON i.item_id = s.item_id WHERE d.quarter = 1 AND d.year = 2001
GROUP BY ALL ORDER BY profit DESC, i.item_code LIMIT 100;

-- 12 what was left after returns, outer join on the whole fact
SELECT s.customer_id, sum(CASE WHEN r.quantity IS NULL THEN s.quantity * s.sales_price ELSE (s.quantity - r.quantity) * s.sales_price END) AS kept
FROM sales s LEFT JOIN returns r ON r.item_id = s.item_id AND r.ticket = s.ticket WHERE r.reason = 'damaged' OR r.reason IS NULL
GROUP BY ALL ORDER BY kept DESC, s.customer_id LIMIT 100;

-- 13 customers who returned more than others of their store (correlated subquery)
WITH totals AS (SELECT customer_id, store_id, sum(amount) AS amount FROM returns JOIN dates USING (date_id) WHERE year = 2000 GROUP BY ALL)
SELECT c.customer_code FROM totals o JOIN stores t USING (store_id) JOIN customers c USING (customer_id)
WHERE t.state = 'TN' AND o.amount > (SELECT avg(amount) * 1.2 FROM totals i WHERE i.store_id = o.store_id) ORDER BY ALL LIMIT 100;

-- 14 growth of each customer from year to year (a CTE joined with itself)
WITH year_total AS (SELECT customer_id, year, sum(net_paid) AS total FROM sales JOIN dates USING (date_id) WHERE year IN (2001, 2002) GROUP BY ALL)
SELECT c.customer_code, c.first_name, b.total / a.total AS growth FROM year_total a JOIN year_total b USING (customer_id) JOIN customers c USING (customer_id)
WHERE a.year = 2001 AND b.year = 2002 AND a.total > 0 AND b.total > a.total ORDER BY growth DESC, c.customer_code LIMIT 100;

-- 15 the ten best items of each category (rank)
SELECT * FROM (SELECT i.category, i.item_code, sum(s.net_profit) AS profit, rank() OVER (PARTITION BY i.category ORDER BY sum(s.net_profit) DESC) AS place
FROM sales s JOIN items i USING (item_id) GROUP BY i.category, i.item_code) WHERE place <= 10 ORDER BY category, place, item_code;

-- 16 months against the average of the year (window average)
SELECT * FROM (SELECT i.category, d.year, d.month, sum(s.sales_price) AS total, avg(sum(s.sales_price)) OVER (PARTITION BY i.category, d.year) AS mean
FROM sales s JOIN items i USING (item_id) JOIN dates d USING (date_id) WHERE d.year IN (1999, 2000) GROUP BY i.category, d.year, d.month)
WHERE abs(total - mean) / mean > 0.1 ORDER BY category, year, month;

-- 17 running total of a store's days
SELECT store_id, date, amount, sum(amount) OVER (PARTITION BY store_id ORDER BY date) AS so_far
FROM (SELECT s.store_id, d.date, sum(s.amount) AS amount FROM sales s JOIN dates d USING (date_id) WHERE d.year = 2002 AND s.store_id < 5 GROUP BY ALL)
ORDER BY store_id, date LIMIT 500;

-- 18 distinct customers and items by month
SELECT d.year, d.month, count(DISTINCT s.customer_id) AS customers, count(DISTINCT s.item_id) AS items
FROM sales s JOIN dates d USING (date_id) GROUP BY ALL ORDER BY ALL;

-- 19 in one year and not in the next (set operations)
SELECT count(*) FROM (SELECT DISTINCT c.last_name, c.first_name, d.date FROM sales s JOIN dates d USING (date_id) JOIN customers c USING (customer_id) WHERE d.month_number BETWEEN 24 AND 35
EXCEPT SELECT DISTINCT c.last_name, c.first_name, d.date FROM returns r JOIN dates d USING (date_id) JOIN customers c USING (customer_id) WHERE d.month_number BETWEEN 24 AND 35);

-- 20 exists and not exists
SELECT c.education, c.gender, count(*) FROM customers c JOIN addresses a USING (address_id)
WHERE a.state IN ('KS', 'GA', 'NY') AND EXISTS (SELECT 1 FROM sales s JOIN dates d USING (date_id) WHERE s.customer_id = c.customer_id AND d.year = 2001 AND d.month BETWEEN 4 AND 6)
AND NOT EXISTS (SELECT 1 FROM returns r JOIN dates d USING (date_id) WHERE r.customer_id = c.customer_id AND d.year = 2001) GROUP BY ALL ORDER BY ALL;

-- 21 one whole pass without a join
SELECT store_id, promotion_id, count(*), sum(net_profit), avg(discount), max(tax) FROM sales GROUP BY ALL ORDER BY ALL LIMIT 100;

-- 22 a narrow range of the sort column
SELECT count(*), sum(net_paid), min(ticket), max(ticket) FROM sales WHERE date_id BETWEEN 700 AND 706;

-- 23 text search in a dimension
SELECT i.color, sum(s.amount) FROM sales s JOIN items i USING (item_id) WHERE i.description LIKE '%made for 4_' AND i.category = 'Music' GROUP BY ALL ORDER BY ALL;

-- 24 quantiles
SELECT t.state, quantile_cont(s.net_paid, [0.25, 0.5, 0.75]), stddev_samp(s.quantity) FROM sales s JOIN stores t USING (store_id) GROUP BY ALL ORDER BY t.state;

-- 25 the most expensive lines (top n over the whole fact, wide rows)
SELECT * FROM sales ORDER BY net_paid DESC, ticket, item_id LIMIT 50;
