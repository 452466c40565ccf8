CREATE DATABASE IF NOT EXISTS msgext;
CREATE USER IF NOT EXISTS msgext@localhost;
GRANT ALL ON *.* TO msgext@localhost;
