-- Number the observations' entities, and give the observations their numbers. An observation with a null in a key or
-- in its time joins nothing and stays behind.
CREATE OR REPLACE TEMP TABLE pit_entity AS
SELECT row_number() OVER () AS entity, {keys} FROM (SELECT DISTINCT {keys} FROM pit_given);

CREATE OR REPLACE TEMP TABLE pit_observation AS
SELECT ordinal, entity, {epoch}(t) AS t FROM pit_given JOIN pit_entity USING ({keys}) WHERE t IS NOT NULL;
