-- Run once by the PostgreSQL image, beside the database `dagster` that it makes itself.
CREATE DATABASE mlflow OWNER lakehouse;
CREATE DATABASE tuning OWNER lakehouse;
