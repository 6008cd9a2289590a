"""SOQL, from its text to rows of the org's database.

`parse` reads the text into a tree and knows no schema; `restrict` says what bulk queries refuse
of it; `compile` makes SQLite's SQL of it, with `paths` (relationships), `operands` (fields and
functions), `conditions` (WHERE, HAVING) and `dates` (date literals); `errors` has
Salesforce's words.

Source: *SOQL and SOSL Reference*. Refused by name, because it would change the answer:
currency literals, WITH DATA CATEGORY and its kin, USING SCOPE other than everything
and mine, TYPEOF of a parent's relationship. Accepted without effect: WITH SECURITY_ENFORCED,
USER_MODE and SYSTEM_MODE (the org's user may see everything), FOR UPDATE (a query is over before
anybody could wait), UPDATE TRACKING and VIEWSTAT (there are no articles), convertCurrency() (one
currency), convertTimezone() (users are in UTC). FOR VIEW and FOR REFERENCE are for the reader of
the rows: REST's `recent` lists such records.
"""
