"""Queries that must compile, one for each thing of the grammar; the fuzz test mutates them."""

from __future__ import annotations

VALID = [
    "SELECT Id FROM Account",
    "select id, NAME, Owner.name from ACCOUNT where nAmE = 'x' order by id desc limit 5",
    "SELECT Id, Account.Name, Account.Owner.Profile.Name FROM Contact",
    "SELECT c.Id, a.Name FROM Contact c, c.Account a WHERE a.Industry = 'Tech'",
    "SELECT Contact.LastName, Contact.Account.Name FROM Contact AS con WHERE con.Email != null",
    "SELECT Id FROM Account WHERE Name LIKE 'A\\_c%\\%' AND NOT Name LIKE '_b\\\\'",
    "SELECT Id FROM Account WHERE (Name = 'a' OR Name = 'b') AND (NumberOfEmployees > 5)",
    "SELECT Id FROM Account WHERE NOT (Name = 'a' AND (Type = 'b' OR NOT Industry = 'c'))",
    "SELECT Id FROM Account WHERE Name IN ('a', 'É', null) AND Type NOT IN ('x', 'y')",
    "SELECT Id FROM Account WHERE AnnualRevenue >= -1.5e3 AND AnnualRevenue <> 7",
    "SELECT Id FROM Contact WHERE Birthdate = 1985-01-01 OR Birthdate > LAST_N_YEARS:3",
    "SELECT Id FROM Account WHERE CreatedDate > 2024-01-31T23:01:01.250+01:00",
    "SELECT Id FROM Account WHERE CreatedDate IN (TODAY, LAST_N_DAYS:3, 2024-01-01T00:00:00Z)",
    "SELECT Id FROM Account WHERE CALENDAR_YEAR(CreatedDate) = 2024 AND "
    "DAY_ONLY(convertTimezone(CreatedDate)) = THIS_WEEK AND HOUR_IN_DAY(CreatedDate) < 12",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName > 'm') "
    "AND OwnerId NOT IN (SELECT Id FROM User WHERE IsActive = FALSE)",
    "SELECT Id FROM Account WHERE Id = '001000000000001' OR ParentId > '001000000000001AAA'",
    "SELECT Id FROM Account WHERE Owner.IsActive = true OR Parent.IsDeleted = null",
    "SELECT Id FROM Lead WHERE Name = 'Zoë Ünal' ORDER BY Name NULLS LAST, CreatedDate DESC",
    "SELECT DISTANCE(Place__c, GEOLOCATION(-1.5, 2), 'mi') d FROM Bag__c "
    "WHERE DISTANCE(Place__c, GEOLOCATION(1, 2), 'km') < 5",
    "SELECT FIELDS(STANDARD) FROM Account",
    "SELECT FIELDS(ALL) FROM Contact LIMIT 200",
    "SELECT Id, toLabel(Rating), toLabel(Type) t, FORMAT(AnnualRevenue) f FROM Account",
    "SELECT convertCurrency(AnnualRevenue), FORMAT(convertCurrency(AnnualRevenue)) x FROM Account",
    "SELECT BillingAddress, Id FROM Account",
    "SELECT Name, Body FROM Attachment",
    "SELECT Name, (SELECT LastName FROM Contacts WHERE Email != null ORDER BY LastName LIMIT 2), "
    "(SELECT Id FROM Opportunities) FROM Account",
    "SELECT Subject, What.Name, Who.Email, Owner.Type, Owner.Profile.Name FROM Task",
    "SELECT Id, TYPEOF What WHEN Account THEN Phone, Name WHEN Opportunity THEN Amount "
    "ELSE Name, Id END FROM Event",
    "SELECT COUNT() FROM Account WHERE Name != '' LIMIT 3",
    "SELECT COUNT(Id), COUNT_DISTINCT(Name) n, SUM(AnnualRevenue), AVG(NumberOfEmployees), "
    "MIN(CreatedDate), MAX(Name) FROM Account",
    "SELECT Industry, COUNT(Id) c FROM Account GROUP BY Industry HAVING COUNT(Id) > 1 AND "
    "Industry LIKE 'a%' ORDER BY COUNT(Id) DESC NULLS LAST LIMIT 7 OFFSET 2",
    "SELECT CALENDAR_MONTH(CreatedDate), Owner.Name, MAX(AnnualRevenue) m FROM Account "
    "GROUP BY CALENDAR_MONTH(CreatedDate), Owner.Name",
    "SELECT Industry, Type, GROUPING(Type) g, SUM(AnnualRevenue) FROM Account "
    "GROUP BY ROLLUP(Industry, Type) ORDER BY Industry",
    "SELECT Industry, Type, COUNT(Id) FROM Account GROUP BY CUBE(Industry, Type)",
    "SELECT Id FROM Order WHERE Status = 'x'",
    "SELECT Id FROM Group WHERE Type = 'Queue' FOR VIEW",
    "SELECT Id FROM Account USING SCOPE everything WITH SECURITY_ENFORCED ORDER BY Name "
    "LIMIT 1 OFFSET 2000 FOR REFERENCE UPDATE VIEWSTAT",
    "SELECT Id FROM Bag__c WHERE Tags__c INCLUDES ('a;b', 'ç', '') AND Tags__c EXCLUDES ('x')",
    "SELECT Id FROM Bag__c WHERE Tags__c = 'a;b' OR Open__c >= 12:30:00.000Z",
    "SELECT Ext__c, Shelf__r.Name, Place__c FROM Bag__c "
    "WHERE Shelf__r.Ext__c = 'É' AND Ext__c < 'é'",
    "SELECT Name, (SELECT Id FROM Bags__r) FROM Shelf__c WHERE Name = '\\u00e9\\n\\'\\\"'",
]
