DROP VIEW IF EXISTS pit_source;
DROP VIEW IF EXISTS pit_given;
DROP TABLE IF EXISTS temp.pit_entity;
DROP TABLE IF EXISTS temp.pit_observation;
DROP TABLE IF EXISTS temp.pit_match;
