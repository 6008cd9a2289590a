"""The standard objects: their fields, types, lengths, picklists and references, in short.

Facts from the *Object Reference for the Salesforce Platform* and from recorded describe
documents of Account, Contact, Lead, Opportunity, Case and Event, written in the notation of
`object_notation`. Not every field of every object is here; a describe document of one's own
org (`Schema.load_describe`) replaces an object whole.
"""
# ruff: noqa: E501 - one field, one line

from collections.abc import Mapping
from types import MappingProxyType

#: Picklists that several fields share, used as ``$name``.
SHARED_PICKLISTS: Mapping[str, str] = MappingProxyType(
    {
        "industries": (
            "Agriculture;Apparel;Banking;Biotechnology;Chemicals;Communications;Construction;"
            "Consulting;Education;Electronics;Energy;Engineering;Entertainment;Environmental;"
            "Finance;Food & Beverage;Government;Healthcare;Hospitality;Insurance;Machinery;"
            "Manufacturing;Media;Not For Profit;Recreation;Retail;Shipping;Technology;"
            "Telecommunications;Transportation;Utilities;Other"
        ),
        "sources": ("Web;Phone Inquiry;Partner Referral;Purchased List;Other"),
        "clean_statuses": (
            "Matched=In Sync;Different;Acknowledged=Reviewed;NotFound=Not Found;Inactive;"
            "Pending=Not Compared;SelectMatch=Select Match;Skipped"
        ),
        "time_zones": (
            "America/Los_Angeles;America/Denver;America/Chicago;America/New_York;"
            "America/Sao_Paulo;Atlantic/Azores;Europe/London;Europe/Lisbon;Europe/Paris;"
            "Europe/Berlin;Europe/Madrid;Europe/Rome;Europe/Amsterdam;Europe/Zurich;"
            "Europe/Stockholm;Europe/Athens;Europe/Istanbul;Africa/Johannesburg;Africa/Cairo;"
            "Asia/Dubai;Asia/Kolkata;Asia/Singapore;Asia/Hong_Kong;Asia/Shanghai;Asia/Tokyo;"
            "Asia/Seoul;Australia/Sydney;Pacific/Auckland;GMT"
        ),
        "locales": (
            "en_US=English (United States);en_GB=English (United Kingdom);de_DE=German (Germany);"
            "fr_FR=French (France);es_ES=Spanish (Spain);it_IT=Italian (Italy);"
            "nl_NL=Dutch (Netherlands);sv_SE=Swedish (Sweden);pt_BR=Portuguese (Brazil);"
            "ja_JP=Japanese (Japan);zh_CN=Chinese (China);ko_KR=Korean (South Korea)"
        ),
    }
)

STANDARD_OBJECTS = """
= Account | 001 | Account | Accounts | chunkable
@id Account ID
@deleted
MasterRecordId | ref Account MasterRecord | readonly
Name | string 255 | required name in:Name | Account Name
Type | picklist 40 | | Account Type | Prospect;Customer - Direct;Customer - Channel;Channel Partner / Reseller;Installation Partner;Technology Partner;Other
RecordTypeId | ref RecordType RecordType
ParentId | ref Account Parent ChildAccounts | | Parent Account ID
@address Billing
@address Shipping
Phone | phone 40 | | Account Phone
Fax | phone 40 | | Account Fax
AccountNumber | string 40
Website | url 255
PhotoUrl | url 255 | readonly | Photo URL
Sic | string 20 | | SIC Code
Industry | picklist 40 | | | $industries
AnnualRevenue | currency 18.0
NumberOfEmployees | int 8 | | Employees
Ownership | picklist 40 | | | Public;Private;Subsidiary;Other
TickerSymbol | string 20
Description | textarea 32000 | | Account Description
Rating | picklist 40 | | Account Rating | Hot;Warm;Cold
Site | string 80 | | Account Site
@owner
@audit
LastActivityDate | date | readonly | Last Activity
@viewed
IsPartner | boolean | updateonly | Partner Account
IsCustomerPortal | boolean | updateonly | Customer Portal Account
ChannelProgramName | string 255 | readonly -filter -sort
ChannelProgramLevelName | string 255 | readonly -filter -sort
Jigsaw | string 20 | | Data.com Key
JigsawCompanyId | string 20 | readonly relationship:JigsawCompany
CleanStatus | picklist 40 | restricted | | $clean_statuses
AccountSource | picklist 40 | | | $sources
DunsNumber | string 9 | | D-U-N-S Number
Tradestyle | string 255
NaicsCode | string 8 | | NAICS Code
NaicsDesc | string 120 | | NAICS Description
YearStarted | string 4
SicDesc | string 80 | | SIC Description
DandbCompanyId | ref DandBCompany DandbCompany | | D&B Company ID
OperatingHoursId | ref OperatingHours OperatingHours | | Operating Hour ID

= Contact | 003 | Contact | Contacts | chunkable
@id Contact ID
@deleted
MasterRecordId | ref Contact MasterRecord | readonly
AccountId | ref Account Account Contacts | cascade
LastName | string 80 | required in:Name
FirstName | string 40 | in:Name
Salutation | picklist 40 | in:Name | | Mr.;Ms.;Mrs.;Dr.;Prof.
Name | string 121 | readonly required name | Full Name
@address Other
@address Mailing
Phone | phone 40 | | Business Phone
Fax | phone 40 | | Business Fax
MobilePhone | phone 40
HomePhone | phone 40
OtherPhone | phone 40
AssistantPhone | phone 40 | | Asst. Phone
ReportsToId | ref Contact ReportsTo
Email | email 80 | idlookup
Title | string 128
Department | string 80
AssistantName | string 40 | | Assistant's Name
LeadSource | picklist 255 | | | $sources
Birthdate | date
Description | textarea 32000 | | Contact Description
@owner
@audit
LastActivityDate | date | readonly | Last Activity
LastCURequestDate | datetime | readonly | Last Stay-in-Touch Request Date
LastCUUpdateDate | datetime | readonly | Last Stay-in-Touch Save Date
@viewed
EmailBouncedReason | string 255
EmailBouncedDate | datetime
HasOptedOutOfEmail | boolean | | Email Opt Out
HasOptedOutOfFax | boolean | | Fax Opt Out
DoNotCall | boolean | | Do Not Call
CanAllowPortalSelfReg | boolean | | Allow Customer Portal Self-Registration
IsEmailBounced | boolean | readonly
PhotoUrl | url 255 | readonly | Photo URL
Jigsaw | string 20 | | Data.com Key
JigsawContactId | string 20 | readonly relationship:JigsawContact
CleanStatus | picklist 40 | restricted | | $clean_statuses
IndividualId | ref Individual Individual

= Lead | 00Q | Lead | Leads | chunkable
@id Lead ID
@deleted
MasterRecordId | ref Lead MasterRecord | readonly
LastName | string 80 | required in:Name
FirstName | string 40 | in:Name
Salutation | picklist 40 | in:Name | | Mr.;Ms.;Mrs.;Dr.;Prof.;Mx.
Name | string 121 | readonly required name | Full Name
Title | string 128
Company | string 255 | required
@address
Phone | phone 40
MobilePhone | phone 40
Fax | phone 40
Email | email 80 | idlookup
Website | url 255
PhotoUrl | url 255 | readonly | Photo URL
Description | textarea 32000
LeadSource | picklist 255 | | | $sources
Status | picklist 255 | required | | Open - Not Contacted*;Working - Contacted;Closed - Converted;Closed - Not Converted
Industry | picklist 255 | | | $industries
Rating | picklist 255 | | | Hot;Warm;Cold
AnnualRevenue | currency 18.0
NumberOfEmployees | int 8 | | Employees
@owner Group User
HasOptedOutOfEmail | boolean | | Email Opt Out
HasOptedOutOfFax | boolean | | Fax Opt Out
DoNotCall | boolean | | Do Not Call
IsConverted | boolean | createonly | Converted
ConvertedDate | date | readonly
ConvertedAccountId | ref Account ConvertedAccount | readonly
ConvertedContactId | ref Contact ConvertedContact | readonly
ConvertedOpportunityId | ref Opportunity ConvertedOpportunity | readonly
IsUnreadByOwner | boolean | | Unread By Owner
@audit
LastActivityDate | date | readonly | Last Activity
@viewed
Jigsaw | string 20 | | Data.com Key
JigsawContactId | string 20 | readonly relationship:JigsawContact
CleanStatus | picklist 40 | restricted | | $clean_statuses
CompanyDunsNumber | string 9 | | Company D-U-N-S Number
DandbCompanyId | ref DandBCompany DandbCompany | | D&B Company ID
EmailBouncedReason | string 255 | updateonly
EmailBouncedDate | datetime | updateonly
IndividualId | ref Individual Individual

= Opportunity | 006 | Opportunity | Opportunities | chunkable
@id Opportunity ID
@deleted
AccountId | ref Account Account Opportunities | cascade
IsPrivate | boolean | | Private
Name | string 120 | required name idlookup
Description | textarea 32000
StageName | picklist 255 | required | Stage | Prospecting;Qualification;Needs Analysis;Value Proposition;Id. Decision Makers;Perception Analysis;Proposal/Price Quote;Negotiation/Review;Closed Won;Closed Lost
Amount | currency 18.2
Probability | percent 3.0 | defaulted | Probability (%)
ExpectedRevenue | currency 18.2 | readonly | Expected Amount
TotalOpportunityQuantity | double 18.2 | | Quantity
CloseDate | date | required
Type | picklist 255 | | Opportunity Type | Existing Customer - Upgrade;Existing Customer - Replacement;Existing Customer - Downgrade;New Customer
NextStep | string 255
LeadSource | picklist 255 | | | $sources
IsClosed | boolean | readonly | Closed
IsWon | boolean | readonly | Won
ForecastCategory | picklist 40 | readonly required restricted | | Omitted;Pipeline;BestCase=Best Case;MostLikely=Most Likely;Forecast=Commit;Closed
ForecastCategoryName | picklist 255 | defaulted restricted | Forecast Category | Omitted;Pipeline;Best Case;Commit;Closed
CampaignId | ref Campaign Campaign
HasOpportunityLineItem | boolean | readonly | Has Line Item
Pricebook2Id | ref Pricebook2 Pricebook2 | defaulted | Price Book ID
@owner
@audit
LastActivityDate | date | readonly | Last Activity
LastStageChangeDate | datetime | readonly
FiscalQuarter | int 8 | readonly in:Fiscal
FiscalYear | int 8 | readonly in:Fiscal
Fiscal | string 6 | readonly | Fiscal Period
ContactId | ref Contact - Opportunities | createonly
@viewed
HasOpenActivity | boolean | readonly -filter -sort
HasOverdueTask | boolean | readonly -filter -sort
LastAmountChangedHistoryId | ref OpportunityHistory LastAmountChangedHistory | readonly | Opportunity History ID
LastCloseDateChangedHistoryId | ref OpportunityHistory LastCloseDateChangedHistory | readonly | Opportunity History ID

= Case | 500 | Case | Cases | chunkable
@id Case ID
@deleted
MasterRecordId | ref Case MasterRecord | readonly
CaseNumber | string 30 | auto name idlookup -group
ContactId | ref Contact Contact Cases | restricts
AccountId | ref Account Account Cases | restricts
AssetId | ref Asset Asset
ParentId | ref Case Parent Cases | | Parent Case ID
SuppliedName | string 80 | | Name
SuppliedEmail | email 80 | | Email Address
SuppliedPhone | string 40 | | Phone
SuppliedCompany | string 80 | | Company
Type | picklist 40 | | Case Type | Mechanical;Electrical;Electronic;Structural;Other
Status | picklist 40 | | | New*;Working;Escalated;Closed
Reason | picklist 40 | | Case Reason | Installation;Equipment Complexity;Performance;Breakdown;Equipment Design;Feedback;Other
Origin | picklist 40 | | Case Origin | Phone;Email;Web
Subject | string 255
Priority | picklist 40 | | | High;Medium*;Low
Description | textarea 32000
IsClosed | boolean | readonly | Closed
ClosedDate | datetime | readonly
IsEscalated | boolean | | Escalated
@owner Group User
@audit
ContactPhone | phone 40 | readonly
ContactMobile | phone 40 | readonly
ContactEmail | email 80 | readonly
ContactFax | phone 40 | readonly
Comments | textarea 4000 | | Internal Comments
@viewed

= Event | 00U | Event | Events | chunkable
@id Activity ID
WhoId | ref Contact,Lead Who Events | poly cascade | Name ID
WhatId | ref Account,Asset,Campaign,Case,Contract,Opportunity,Order,Product2,Solution What Events | poly cascade | Related To ID
Subject | combobox 255 | name | | Call;Email;Meeting;Send Letter/Quote;Other
Location | string 255
IsAllDayEvent | boolean | | All-Day Event
ActivityDateTime | datetime | | Due Date Time
ActivityDate | date | | Due Date Only
DurationInMinutes | int 8 | | Duration
StartDateTime | datetime
EndDateTime | datetime
EndDate | date | readonly
Description | textarea 32000
AccountId | ref Account Account | readonly
@owner Calendar User
IsPrivate | boolean | | Private
ShowAs | picklist 40 | restricted | Show Time As | Busy*;OutOfOffice=Out of Office;Free
@deleted
IsChild | boolean | readonly
IsGroupEvent | boolean | readonly
GroupEventType | picklist 40 | readonly restricted | | 0=Non-group Event*;1=Group Event;2=Proposed Event;3=IsRecurrence2 Series Pattern
@audit
IsArchived | boolean | readonly | Archived
RecurrenceActivityId | ref Event - RecurringEvents | readonly
IsRecurrence | boolean | createonly | Create Recurring Series of Events
RecurrenceStartDateTime | datetime | | Recurrence Start
RecurrenceEndDateOnly | date | | Recurrence End
RecurrenceTimeZoneSidKey | picklist 40 | restricted | Recurrence Time Zone | $time_zones
RecurrenceType | picklist 40 | restricted | | RecursDaily=Recurs Daily;RecursEveryWeekday=Recurs Every Weekday;RecursMonthly=Recurs Monthly;RecursMonthlyNth=Recurs Monthly Nth;RecursWeekly=Recurs Weekly;RecursYearly=Recurs Yearly;RecursYearlyNth=Recurs Yearly Nth
RecurrenceInterval | int 9
RecurrenceDayOfWeekMask | int 9 | | Recurrence Day of Week Mask
RecurrenceDayOfMonth | int 9 | | Recurrence Day of Month
RecurrenceInstance | picklist 40 | restricted | | First=1st;Second=2nd;Third=3rd;Fourth=4th;Last=last
RecurrenceMonthOfYear | picklist 40 | restricted | Recurrence Month of Year | January;February;March;April;May;June;July;August;September;October;November;December
ReminderDateTime | datetime | | Reminder Date/Time
IsReminderSet | boolean | | Reminder Set
EventSubtype | picklist 40 | createonly restricted | | Event
IsRecurrence2Exclusion | boolean | readonly | Historical Event, Not Following Recurrence
Recurrence2PatternText | textarea 512 | createonly -sort | Recurrence Pattern
Recurrence2PatternVersion | picklist 40 | readonly restricted | Pattern Version | 1=RFC 5545 v4 RRULE;2=RFC 5545 v4_2 RRULE
IsRecurrence2 | boolean | readonly | Repeat
IsRecurrence2Exception | boolean | readonly | Is Exception
Recurrence2PatternStartDate | datetime | readonly | Recurrence Pattern Start Date
Recurrence2PatternTimeZone | string 255 | readonly | Recurrence Pattern Time Zone Reference

= Task | 00T | Task | Tasks | chunkable
@id Activity ID
WhoId | ref Contact,Lead Who Tasks | poly cascade | Name ID
WhatId | ref Account,Asset,Campaign,Case,Contract,Opportunity,Order,Product2,Solution What Tasks | poly cascade | Related To ID
Subject | combobox 255 | name | | Call;Email;Send Letter;Send Quote;Other
ActivityDate | date | | Due Date Only
Status | picklist 255 | required | | Not Started*;In Progress;Completed;Waiting on someone else;Deferred
Priority | picklist 255 | required | | High;Normal*;Low
IsHighPriority | boolean | readonly | High Priority
@owner Group User
Description | textarea 32000
@deleted
AccountId | ref Account Account | readonly
IsClosed | boolean | readonly | Closed
@audit
IsArchived | boolean | readonly | Archived
CallDurationInSeconds | int 8 | | Call Duration
CallType | picklist 40 | restricted | | Internal;Inbound;Outbound
CallDisposition | string 255 | | Call Result
CallObject | string 255 | | Call Object Identifier
ReminderDateTime | datetime | | Reminder Date/Time
IsReminderSet | boolean | | Reminder Set
RecurrenceActivityId | ref Task - RecurringTasks | readonly
IsRecurrence | boolean | createonly | Create Recurring Series of Tasks
RecurrenceStartDateOnly | date | | Recurrence Start
RecurrenceEndDateOnly | date | | Recurrence End
RecurrenceTimeZoneSidKey | picklist 40 | restricted | Recurrence Time Zone | $time_zones
RecurrenceType | picklist 40 | restricted | | RecursDaily=Recurs Daily;RecursEveryWeekday=Recurs Every Weekday;RecursMonthly=Recurs Monthly;RecursMonthlyNth=Recurs Monthly Nth;RecursWeekly=Recurs Weekly;RecursYearly=Recurs Yearly;RecursYearlyNth=Recurs Yearly Nth
RecurrenceInterval | int 9
RecurrenceDayOfWeekMask | int 9 | | Recurrence Day of Week Mask
RecurrenceDayOfMonth | int 9 | | Recurrence Day of Month
RecurrenceInstance | picklist 40 | restricted | | First=1st;Second=2nd;Third=3rd;Fourth=4th;Last=last
RecurrenceMonthOfYear | picklist 40 | restricted | Recurrence Month of Year | January;February;March;April;May;June;July;August;September;October;November;December
RecurrenceRegeneratedType | picklist 40 | restricted | Repeat This Task | RecurrenceRegenerateAfterDueDate=After due date;RecurrenceRegenerateAfterToday=After date completed;RecurrenceRegenerated=(Task Closed)
TaskSubtype | picklist 40 | createonly restricted | | Task;Email;ListEmail=List Email;Cadence;Call;LinkedIn
CompletedDateTime | datetime | readonly | Completed Date

= Campaign | 701 | Campaign | Campaigns | chunkable
@id Campaign ID
@deleted
Name | string 80 | required name
ParentId | ref Campaign Parent ChildCampaigns | | Parent Campaign ID
Type | picklist 40 | | | Conference;Webinar;Trade Show;Public Relations;Partners;Referral Program;Advertisement;Banner Ads;Direct Mail;Email;Telemarketing;Other
Status | picklist 40 | | | Planned*;In Progress;Completed;Aborted
StartDate | date
EndDate | date
ExpectedRevenue | currency 18.0
BudgetedCost | currency 18.0
ActualCost | currency 18.0
ExpectedResponse | percent 8.2 | | Expected Response (%)
NumberSent | double 18.0 | | Num Sent
IsActive | boolean | | Active
Description | textarea 32000
NumberOfLeads | int 8 | readonly required default:0 | Leads in Campaign
NumberOfConvertedLeads | int 8 | readonly required default:0 | Converted Leads in Campaign
NumberOfContacts | int 8 | readonly required default:0 | Contacts in Campaign
NumberOfResponses | int 8 | readonly required default:0 | Responses in Campaign
NumberOfOpportunities | int 8 | readonly required default:0 | Opportunities in Campaign
NumberOfWonOpportunities | int 8 | readonly required default:0 | Won Opportunities in Campaign
AmountAllOpportunities | currency 18.2 | readonly required default:0 | Value Opportunities in Campaign
AmountWonOpportunities | currency 18.2 | readonly required default:0 | Value Won Opportunities in Campaign
@owner
@audit
LastActivityDate | date | readonly | Last Activity
@viewed
CampaignMemberRecordTypeId | ref RecordType CampaignMemberRecordType | | Record Type ID

= CampaignMember | 00v | Campaign Member | Campaign Members | chunkable
@id Campaign Member ID
@deleted
CampaignId | ref Campaign Campaign CampaignMembers | required createonly cascade
LeadId | ref Lead Lead CampaignMembers | createonly cascade
ContactId | ref Contact Contact CampaignMembers | createonly cascade
Status | picklist 40 | | | Sent*;Responded
HasResponded | boolean | readonly | Responded
@audit
FirstRespondedDate | date | readonly
Salutation | string 40 | readonly
Name | string 255 | readonly name
FirstName | string 40 | readonly
LastName | string 80 | readonly
Title | string 128 | readonly
Street | string 255 | readonly
City | string 40 | readonly
State | string 80 | readonly | State/Province
PostalCode | string 20 | readonly | Zip/Postal Code
Country | string 80 | readonly
Email | email 80 | readonly
Phone | phone 40 | readonly
Fax | phone 40 | readonly
MobilePhone | phone 40 | readonly
Description | textarea 32000 | readonly
DoNotCall | boolean | readonly
HasOptedOutOfEmail | boolean | readonly | Email Opt Out
HasOptedOutOfFax | boolean | readonly | Fax Opt Out
LeadSource | picklist 40 | readonly | | $sources
CompanyOrAccount | string 255 | readonly | Company (Account)
Type | picklist 40 | readonly | | Contact;Lead
LeadOrContactId | ref Contact,Lead LeadOrContact | readonly poly | Related Record ID
LeadOrContactOwnerId | ref Group,User LeadOrContactOwner | readonly poly | Related Record Owner ID

= User | 005 | User | Users | chunkable -delete
@id User ID
Username | string 80 | required idlookup unique
LastName | string 80 | required in:Name
FirstName | string 40 | in:Name
Name | string 121 | readonly required name | Full Name
CompanyName | string 80
Division | string 80
Department | string 80
Title | string 80
@address
Email | email 128 | required idlookup
EmailPreferencesAutoBcc | boolean | | AutoBcc
SenderEmail | email 80 | | Email Sender Address
SenderName | string 80 | | Email Sender Name
Signature | textarea 1333 | | Email Signature
Phone | phone 40
Fax | phone 40
MobilePhone | phone 40 | | Mobile
Alias | string 8 | required
CommunityNickname | string 40 | required defaulted | Nickname
BadgeText | string 80 | readonly | User Photo badge text overlay
IsActive | boolean | | Active
TimeZoneSidKey | picklist 40 | required restricted | Time Zone | $time_zones
UserRoleId | ref UserRole UserRole | | Role ID
LocaleSidKey | picklist 40 | required restricted | Locale | $locales
ReceivesInfoEmails | boolean | | Info Emails
ReceivesAdminInfoEmails | boolean | | Admin Info Emails
EmailEncodingKey | picklist 40 | required restricted | Email Encoding | UTF-8=Unicode (UTF-8);ISO-8859-1=General US & Western Europe (ISO-8859-1, ISO-LATIN-1);Shift_JIS=Japanese (Shift-JIS);ISO-2022-JP=Japanese (JIS);EUC-JP=Japanese (EUC-JP);ks_c_5601-1987=Korean (ks_c_5601-1987);Big5=Traditional Chinese (Big5);GB2312=Simplified Chinese (GB2312)
ProfileId | ref Profile Profile Users | required
UserType | picklist 40 | readonly restricted | | Standard*;PowerPartner=Partner;PowerCustomerSuccess=Customer Portal User;CustomerSuccess=Customer Portal Manager;Guest;CspLitePortal=High Volume Portal;CsnOnly=CSN Only;SelfService=Self Service
LanguageLocaleKey | picklist 40 | required restricted | Language | en_US=English;de=German;es=Spanish;fr=French;it=Italian;ja=Japanese;sv=Swedish;ko=Korean;zh_TW=Chinese (Traditional);zh_CN=Chinese (Simplified);pt_BR=Portuguese (Brazil);nl_NL=Dutch;da=Danish;th=Thai;fi=Finnish;ru=Russian;es_MX=Spanish (Mexico);no=Norwegian
EmployeeNumber | string 20
DelegatedApproverId | ref Group,User - | poly
ManagerId | ref User Manager ManagedUsers
LastLoginDate | datetime | readonly | Last Login
LastPasswordChangeDate | datetime | readonly | Last Password Change or Reset
@audit
NumberOfFailedLogins | int 8 | readonly | Failed Login Attempts
OfflineTrialExpirationDate | datetime | readonly | Offline Edition Trial Expiration Date
OfflinePdaTrialExpirationDate | datetime | readonly | Sales Anywhere Trial Expiration Date
UserPermissionsMarketingUser | boolean | | Marketing User
UserPermissionsOfflineUser | boolean | | Offline User
UserPermissionsCallCenterAutoLogin | boolean | | Auto-login To Call Center
UserPermissionsSFContentUser | boolean | | Salesforce CRM Content User
UserPermissionsKnowledgeUser | boolean | | Knowledge User
UserPermissionsInteractionUser | boolean | | Flow User
UserPermissionsSupportUser | boolean | | Service Cloud User
ForecastEnabled | boolean | | Allow Forecasting
UserPreferencesActivityRemindersPopup | boolean
UserPreferencesEventRemindersCheckboxDefault | boolean
UserPreferencesTaskRemindersCheckboxDefault | boolean
UserPreferencesLightningExperiencePreferred | boolean
ContactId | ref Contact Contact Users | createonly restricts
AccountId | ref Account Account Users | readonly
CallCenterId | ref CallCenter -
Extension | phone 40
FederationIdentifier | string 512 | unique case | SAML Federation ID
AboutMe | textarea 1000
FullPhotoUrl | url 1024 | readonly | Url for full-sized Photo
SmallPhotoUrl | url 1024 | readonly | Photo
IsExtIndicatorVisible | boolean | readonly | Show external indicator
MediumPhotoUrl | url 1024 | readonly | Url for medium profile photo
DigestFrequency | picklist 40 | required restricted | Chatter Email Highlights Frequency | D=Daily*;W=Weekly;N=Never
DefaultGroupNotificationFrequency | picklist 40 | required restricted | Default Notification Frequency when Joining Groups | P=Email on each post;D=Daily digests;W=Weekly digests;N=Never*
@viewed
BannerPhotoUrl | url 1024 | readonly | Url for banner photo
IsProfilePhotoActive | boolean | readonly | Has Profile Photo
IndividualId | ref Individual Individual

= Profile | 00e | Profile | Profiles | -create -delete
@id Profile ID
Name | string 255 | required name unique
PermissionsApiEnabled | boolean | | API Enabled
PermissionsModifyAllData | boolean | | Modify All Data
PermissionsViewAllData | boolean | | View All Data
PermissionsViewSetup | boolean | | View Setup and Configuration
PermissionsBulkApiHardDelete | boolean | | Bulk API Hard Delete
PermissionsManageUsers | boolean | | Manage Internal Users
PermissionsAuthorApex | boolean | | Author Apex
UserLicenseId | ref UserLicense UserLicense | readonly required defaulted
UserType | picklist 40 | readonly restricted | | Standard*;PowerPartner=Partner;CustomerSuccess=Customer Portal User;Guest
@audit
Description | string 255
@viewed

= UserRole | 00E | Role | Roles | chunkable
@id Role ID
Name | string 80 | required name
ParentRoleId | ref UserRole -
RollupDescription | string 80 | | Description
OpportunityAccessForAccountOwner | picklist 40 | required restricted | Opportunity Access Level for Account Owner | None;Read;Edit*
CaseAccessForAccountOwner | picklist 40 | restricted | Case Access Level for Account Owner | None;Read;Edit
ContactAccessForAccountOwner | picklist 40 | restricted | Contact Access Level for Account Owner | None;Read;Edit
ForecastUserId | ref User -
MayForecastManagerShare | boolean | readonly
LastModifiedDate | datetime | readonly required defaulted
LastModifiedById | ref User LastModifiedBy | readonly required defaulted
SystemModstamp | datetime | readonly required defaulted
DeveloperName | string 80 | defaulted
PortalAccountId | ref Account PortalAccount | readonly
PortalType | picklist 40 | readonly restricted | | None;CustomerPortal=Customer Portal;Partner
PortalAccountOwnerId | ref User - | readonly

= RecordType | 012 | Record Type | Record Types | -delete
@id Record Type ID
Name | string 80 | required name
DeveloperName | string 80 | required
NamespacePrefix | string 15 | readonly
Description | string 255
BusinessProcessId | ref BusinessProcess BusinessProcess
SobjectType | picklist 40 | required createonly restricted | Sobject Type Name
IsActive | boolean | | Active
@audit

= Group | 00G | Group | Group
@id Group ID
Name | string 40 | required name
DeveloperName | string 80 | defaulted
RelatedId | ref User,UserRole Related | readonly poly
Type | picklist 40 | createonly required restricted | | Regular=Public Group;Role;RoleAndSubordinates=Role and Internal Subordinates;Organization;AllCustomerPortal=Customer Portal Users;Queue;CollaborationGroup=Chatter Group;Manager=Manager Group
Email | email 255
QueueRoutingConfigId | ref QueueRoutingConfig QueueRoutingConfig
OwnerId | ref Organization,User Owner | readonly required defaulted poly
DoesSendEmailToMembers | boolean | | Send Email to Members
DoesIncludeBosses | boolean
@audit

= Attachment | 00P | Attachment | Attachments
@id Attachment ID
@deleted
ParentId | ref Account,Asset,Campaign,Case,Contact,Contract,Event,Lead,Opportunity,Order,Product2,Solution,Task Parent Attachments | required createonly poly cascade
Name | string 255 | required name | File Name
IsPrivate | boolean | | Private
ContentType | string 120
BodyLength | int 9 | readonly
Body | base64 | required -group
@owner Calendar User
@audit
Description | string 500

= Note | 002 | Note | Notes | chunkable
@id Note ID
@deleted
ParentId | ref Account,Asset,Campaign,Contact,Contract,Lead,Opportunity,Order,Product2 Parent Notes | required createonly poly cascade
Title | string 80 | required name
IsPrivate | boolean | | Private
Body | textarea 32000
@owner
@audit

= ContentVersion | 068 | Content Version | Content Versions | chunkable -delete
@id ContentVersion ID
ContentDocumentId | ref ContentDocument ContentDocument ContentVersions | createonly defaulted cascade
IsLatest | boolean | readonly | Is Latest
ContentUrl | url 1300
ContentBodyId | ref ContentBody ContentBody | createonly
VersionNumber | string 20 | readonly
Title | string 255 | required defaulted name
Description | textarea 1000 | +filter
ReasonForChange | textarea 1000 | +filter
SharingOption | picklist 40 | required restricted | Prevent others from sharing and unsharing | A=Freeze Sharing Off*;R=Freeze Sharing On
SharingPrivacy | picklist 40 | required restricted | File Privacy on Records | N=Visible to Anyone With Record Access*;P=Private on Records
PathOnClient | string 500 | createonly
RatingCount | int 8 | readonly
@deleted
ContentModifiedDate | datetime | createonly
ContentModifiedById | ref User ContentModifiedBy | readonly | User ID
PositiveRatingCount | int 8 | readonly
NegativeRatingCount | int 8 | readonly
FeaturedContentBoost | int 9 | readonly
FeaturedContentDate | date | readonly
@owner
CreatedById | ref User CreatedBy | readonly required defaulted
CreatedDate | datetime | readonly required defaulted
LastModifiedById | ref User LastModifiedBy | readonly required defaulted
LastModifiedDate | datetime | readonly required defaulted
SystemModstamp | datetime | readonly required defaulted
TagCsv | textarea 2000 | | Tags
FileType | string 20 | readonly
PublishStatus | picklist 40 | readonly restricted | | U=Upload Interrupted;P=Public;R=Personal Library*
VersionData | base64
ContentSize | int 9 | readonly | Size
FileExtension | string 40 | readonly
FirstPublishLocationId | ref Account,Campaign,Case,Contact,Lead,Opportunity,User FirstPublishLocation | createonly poly
Origin | picklist 40 | createonly required restricted | Content Origin | C=Content*;H=Chatter
ContentLocation | picklist 40 | createonly required restricted | | S=Salesforce*;E=External;L=Social Customer Service
TextPreview | string 255 | readonly
ExternalDocumentInfo1 | string 1000 | createonly
ExternalDocumentInfo2 | string 1000 | createonly
ExternalDataSourceId | ref ExternalDataSource ExternalDataSource | createonly
Checksum | string 50 | readonly
IsMajorVersion | boolean | createonly | Major Version
IsAssetEnabled | boolean | createonly | Asset File Enabled
VersionDataUrl | url 1000 | readonly

= ContentDocument | 069 | Content Document | Content Documents | chunkable -create
@id ContentDocument ID
CreatedById | ref User CreatedBy | readonly required defaulted
CreatedDate | datetime | readonly required defaulted
LastModifiedById | ref User LastModifiedBy | readonly required defaulted
LastModifiedDate | datetime | readonly required defaulted
IsArchived | boolean | readonly
ArchivedById | ref User - | readonly | User ID
ArchivedDate | date | readonly
@deleted
@owner
SystemModstamp | datetime | readonly required defaulted
Title | string 255 | required name
PublishStatus | picklist 40 | readonly required restricted | | P=Public;R=Personal Library*;U=Upload Interrupted
LatestPublishedVersionId | ref ContentVersion LatestPublishedVersion | readonly | Latest Published Version ID
ParentId | ref ContentWorkspace Parent
@viewed
Description | textarea 1000 | +filter
ContentSize | int 9 | readonly | Size
FileType | string 20 | readonly
FileExtension | string 40 | readonly
SharingOption | picklist 40 | restricted | Prevent others from sharing and unsharing | A=Freeze Sharing Off*;R=Freeze Sharing On
SharingPrivacy | picklist 40 | restricted | File Privacy on Records | N=Visible to Anyone With Record Access*;P=Private on Records
ContentModifiedDate | datetime | readonly
ContentAssetId | ref ContentAsset ContentAsset | readonly | Asset File ID

= ContentDocumentLink | 06A | Content Document Link | Content Document Links
@id ContentDocumentLink ID
LinkedEntityId | ref Account,Campaign,Case,Contact,Contract,Event,Lead,Opportunity,Order,Product2,Task,User LinkedEntity ContentDocumentLinks | required createonly poly cascade
ContentDocumentId | ref ContentDocument ContentDocument ContentDocumentLinks | required createonly cascade
@deleted
SystemModstamp | datetime | readonly required defaulted
ShareType | picklist 40 | restricted | | V=Viewer;C=Collaborator;I=Inferred
Visibility | picklist 40 | defaulted restricted | | AllUsers=All Users*;InternalUsers=Standard Users;SharedUsers=Shared Users

= Product2 | 01t | Product | Products | chunkable
@id Product ID
Name | string 255 | required name | Product Name
ProductCode | string 255
Description | textarea 4000 | +filter | Product Description
IsActive | boolean | | Active
@audit
Family | picklist 255 | | Product Family | None
ExternalDataSourceId | ref ExternalDataSource ExternalDataSource
ExternalId | string 255
DisplayUrl | url 1000
QuantityUnitOfMeasure | picklist 255
@deleted
IsArchived | boolean | readonly | Archived
@viewed
StockKeepingUnit | string 180 | | Product SKU

= Pricebook2 | 01s | Price Book | Price Books | chunkable
@id Price Book ID
@deleted
Name | string 255 | required name | Price Book Name
@audit
@viewed
IsActive | boolean | | Active
IsArchived | boolean | readonly | Archived
Description | string 255
IsStandard | boolean | readonly | Is Standard Price Book

= PricebookEntry | 01u | Price Book Entry | Price Book Entries | chunkable
@id Price Book Entry ID
Name | string 255 | readonly name | Product Name
Pricebook2Id | ref Pricebook2 Pricebook2 PricebookEntries | required createonly cascade | Price Book ID
Product2Id | ref Product2 Product2 PricebookEntries | required createonly cascade | Product ID
UnitPrice | currency 18.2 | required | List Price
IsActive | boolean | | Active
UseStandardPrice | boolean
@audit
ProductCode | string 255 | readonly
@deleted
IsArchived | boolean | readonly | Archived

= OpportunityLineItem | 00k | Opportunity Product | Opportunity Product | chunkable
@id Line Item ID
OpportunityId | ref Opportunity Opportunity OpportunityLineItems | required createonly cascade
SortOrder | int 9
PricebookEntryId | ref PricebookEntry PricebookEntry OpportunityLineItems | createonly | Price Book Entry ID
Product2Id | ref Product2 Product2 OpportunityLineItems | createonly | Product ID
ProductCode | string 255 | readonly
Name | string 376 | readonly name | Opportunity Product Name
Quantity | double 12.2 | required
TotalPrice | currency 18.2
UnitPrice | currency 18.2 | | Sales Price
ListPrice | currency 18.2 | readonly
ServiceDate | date | | Date
Description | string 255 | | Line Description
@audit
@deleted
@viewed

= OpportunityContactRole | 00K | Opportunity Contact Role | Opportunity Contact Role | chunkable
@id Contact Role ID
OpportunityId | ref Opportunity Opportunity OpportunityContactRoles | required createonly cascade
ContactId | ref Contact Contact OpportunityContactRoles | required cascade
Role | picklist 40 | | | Business User;Decision Maker;Economic Buyer;Economic Decision Maker;Evaluator;Executive Sponsor;Influencer;Technical Buyer;Other
IsPrimary | boolean | | Primary
@audit
@deleted

= OpportunityHistory | 008 | Opportunity History | Opportunity History | chunkable -create -update -delete
@id Opportunity History ID
OpportunityId | ref Opportunity Opportunity OpportunityHistories | readonly required cascade
CreatedById | ref User CreatedBy | readonly required defaulted
CreatedDate | datetime | readonly required defaulted
StageName | picklist 255 | readonly | Stage Name
Amount | currency 18.2 | readonly
ExpectedRevenue | currency 18.2 | readonly
CloseDate | date | readonly
Probability | percent 3.0 | readonly
ForecastCategory | picklist 40 | readonly | To ForecastCategory
SystemModstamp | datetime | readonly required defaulted
@deleted

= Contract | 800 | Contract | Contracts | chunkable
@id Contract ID
AccountId | ref Account Account Contracts | required cascade restricts
Pricebook2Id | ref Pricebook2 Pricebook2 | | Price Book ID
OwnerExpirationNotice | picklist 40 | restricted | | 15=15 Days;30=30 Days;45=45 Days;60=60 Days;90=90 Days;120=120 Days
StartDate | date | | Contract Start Date
EndDate | date | readonly | Contract End Date
@address Billing
ContractTerm | int 8
@owner
Status | picklist 40 | required | | In Approval Process;Activated;Draft*
CompanySignedId | ref User CompanySigned | | Company Signed By ID
CompanySignedDate | date
CustomerSignedId | ref Contact CustomerSigned ContractsSigned | restricts | Customer Signed By ID
CustomerSignedTitle | string 40
CustomerSignedDate | date
SpecialTerms | textarea 4000
ActivatedById | ref User ActivatedBy
ActivatedDate | datetime
StatusCode | picklist 40 | readonly required restricted | Status Category | InApproval=In Approval Process;Activated;Draft*
Description | textarea 32000
@deleted
ContractNumber | string 30 | auto name idlookup -group
LastApprovedDate | datetime | readonly
@audit
LastActivityDate | date | readonly | Last Activity
@viewed

= Order | 801 | Order | Orders | chunkable
@id Order ID
@owner Group User
ContractId | ref Contract Contract Orders | restricts
AccountId | ref Account Account Orders | cascade restricts
Pricebook2Id | ref Pricebook2 Pricebook2 | | Price Book ID
OriginalOrderId | ref Order OriginalOrder
EffectiveDate | date | required | Order Start Date
EndDate | date | | Order End Date
IsReductionOrder | boolean | | Reduction Order
Status | picklist 40 | required | | Draft*;Activated
Description | textarea 32000
CustomerAuthorizedById | ref Contact CustomerAuthorizedBy | restricts
CustomerAuthorizedDate | date
CompanyAuthorizedById | ref User CompanyAuthorizedBy
CompanyAuthorizedDate | date
Type | picklist 40 | | Order Type
@address Billing
@address Shipping
Name | string 80 | | Order Name
PoDate | date | | PO Date
PoNumber | string 80 | | PO Number
OrderReferenceNumber | string 80
BillToContactId | ref Contact BillToContact | restricts
ShipToContactId | ref Contact ShipToContact | restricts
ActivatedDate | datetime
ActivatedById | ref User ActivatedBy
StatusCode | picklist 40 | readonly required restricted | Status Category | Draft*;Activated;Canceled;Expired
OrderNumber | string 30 | auto name idlookup -group
TotalAmount | currency 18.2 | readonly required default:0 | Order Amount
@audit
@deleted
@viewed

= OrderItem | 802 | Order Product | Order Products | chunkable
@id Order Product ID
Product2Id | ref Product2 Product2 OrderItems | createonly | Product ID
@deleted
OrderId | ref Order Order OrderItems | required createonly cascade
PricebookEntryId | ref PricebookEntry PricebookEntry OrderItems | required createonly | Price Book Entry ID
OriginalOrderItemId | ref OrderItem OriginalOrderItem | createonly | Original Order Product ID
AvailableQuantity | double 18.2 | readonly
Quantity | double 18.2 | required
UnitPrice | currency 18.2
ListPrice | currency 18.2
TotalPrice | currency 18.2 | readonly
ServiceDate | date | | Start Date
EndDate | date
Description | string 255 | | Line Description
@audit
OrderItemNumber | string 30 | auto name idlookup -group | Order Product Number

= Asset | 02i | Asset | Assets | chunkable
@id Asset ID
ContactId | ref Contact Contact Assets | cascade
AccountId | ref Account Account Assets | cascade
ParentId | ref Asset Parent ChildAssets | | Parent Asset ID
RootAssetId | ref Asset RootAsset | readonly
Product2Id | ref Product2 Product2 Assets | | Product ID
ProductCode | string 255 | readonly
IsCompetitorProduct | boolean | | Competitor Asset
@audit
@deleted
Name | string 255 | required name | Asset Name
SerialNumber | string 80
InstallDate | date
PurchaseDate | date
UsageEndDate | date
Status | picklist 40 | | | Shipped;Installed;Registered;Obsolete;Purchased
Price | currency 18.0
Quantity | double 18.2
Description | textarea 32000
@owner
@viewed

= CaseComment | 00a | Case Comment | Case Comments | chunkable
@id Case Comment Id
ParentId | ref Case Parent CaseComments | required createonly cascade
IsPublished | boolean | | Published
CommentBody | textarea 4000 | | Body
@audit
@deleted

= Individual | 0PK | Individual | Individuals | chunkable
@id Individual ID
@owner
@deleted
LastName | string 80 | required in:Name
FirstName | string 40 | in:Name
Salutation | picklist 40 | in:Name | | Mr.;Ms.;Mrs.;Dr.;Prof.;Mx.
Name | string 121 | readonly required name
@audit
@viewed
HasOptedOutTracking | boolean | | Don't Track
HasOptedOutProfiling | boolean | | Don't Profile
HasOptedOutProcessing | boolean | | Don't Process
HasOptedOutSolicit | boolean | | Don't Market
ShouldForget | boolean | | Forget this Individual
SendIndividualData | boolean | | Export Individual's Data
BirthDate | date

= Organization | 00D | Organization | Organizations | -create -delete
@id Organization ID
Name | string 80 | required name
Division | string 80
@address
Phone | phone 40
Fax | phone 40
PrimaryContact | string 80
DefaultLocaleSidKey | picklist 40 | required restricted | Locale | $locales
TimeZoneSidKey | picklist 40 | required restricted | Time Zone | $time_zones
LanguageLocaleKey | picklist 40 | required restricted | Language | en_US=English
FiscalYearStartMonth | int 9 | readonly
NamespacePrefix | string 15 | readonly
InstanceName | string 5 | readonly
IsSandbox | boolean | readonly
OrganizationType | picklist 40 | readonly restricted | Edition | Team Edition;Professional Edition;Enterprise Edition;Developer Edition;Unlimited Edition
TrialExpirationDate | datetime | readonly
@audit

= BusinessHours | 01m | Business Hours | Business Hours | -delete
@id Business Hours ID
Name | string 80 | required name | Business Hours Name
IsActive | boolean | | Active
IsDefault | boolean | | Default Business Hours
SundayStartTime | time
SundayEndTime | time
MondayStartTime | time
MondayEndTime | time
TuesdayStartTime | time
TuesdayEndTime | time
WednesdayStartTime | time
WednesdayEndTime | time
ThursdayStartTime | time
ThursdayEndTime | time
FridayStartTime | time
FridayEndTime | time
SaturdayStartTime | time
SaturdayEndTime | time
TimeZoneSidKey | picklist 40 | required restricted | Time Zone | $time_zones
@audit

= Quote | 0Q0 | Quote | Quotes | chunkable
@id Quote ID
@owner Group User
@deleted
Name | string 255 | required name | Quote Name
@audit
@viewed
OpportunityId | ref Opportunity Opportunity Quotes | createonly cascade
Pricebook2Id | ref Pricebook2 Pricebook2 | | Price Book ID
ContactId | ref Contact Contact Quotes
QuoteNumber | string 30 | auto -group
IsSyncing | boolean | readonly | Syncing
ShippingHandling | currency 18.2 | | Shipping and Handling
Tax | currency 18.2
Status | picklist 40 | | | Draft;Needs Review;In Review;Approved;Rejected;Presented;Accepted;Denied
ExpirationDate | date
Description | textarea 32000
Subtotal | currency 18.2 | readonly
TotalPrice | currency 18.2 | readonly
LineItemCount | int 9 | readonly | Line Items
@address Billing
@address Shipping
@address QuoteTo
BillingName | string 255 | | Bill To Name
ShippingName | string 255 | | Ship To Name
QuoteToName | string 255 | | Quote To Name
Email | email 80
Phone | phone 40
Fax | phone 40
AccountId | ref Account Account Quotes | readonly
Discount | percent 3.2 | readonly
GrandTotal | currency 18.2 | readonly

= QuoteLineItem | 0QL | Quote Line Item | Quote Line Items | chunkable
@id Line Item ID
@deleted
LineNumber | string 30 | auto name idlookup -group
@audit
QuoteId | ref Quote Quote QuoteLineItems | required createonly cascade
PricebookEntryId | ref PricebookEntry PricebookEntry QuoteLineItems | required createonly | Price Book Entry ID
OpportunityLineItemId | ref OpportunityLineItem OpportunityLineItem | createonly | Opportunity Product ID
Quantity | double 12.2 | required
UnitPrice | currency 18.2 | required | Sales Price
Discount | percent 3.2
Description | string 255 | | Line Item Description
ServiceDate | date | | Date
Product2Id | ref Product2 Product2 QuoteLineItems | readonly | Product ID
SortOrder | int 9
ListPrice | currency 18.2 | readonly
Subtotal | currency 18.2 | readonly
TotalPrice | currency 18.2 | readonly

= Solution | 501 | Solution | Solutions | chunkable
@id Solution ID
@deleted
SolutionNumber | string 30 | auto idlookup -group
SolutionName | string 255 | required name | Title
IsPublished | boolean | | Public
IsPublishedInPublicKb | boolean | | Visible in Public Knowledge Base
Status | picklist 40 | required | | Draft*;Reviewed;Duplicate
IsReviewed | boolean | readonly | Reviewed
SolutionNote | textarea 32000 | | Description
@owner
@audit
TimesUsed | int 8 | readonly required default:0 | Num Related Cases
@viewed
IsHtml | boolean | readonly | Is Html

= EmailMessage | 02s | Email Message | Email Messages | chunkable
@id Email Message ID
ParentId | ref Case Parent EmailMessages | createonly cascade | Case ID
ActivityId | ref Task Activity | createonly
@audit
TextBody | textarea 131072
HtmlBody | textarea 131072 | | HTML Body
Headers | textarea 131072
Subject | string 3000 | name -group
FromName | string 1000 | -group
FromAddress | email 4000 | -sort -group
ValidatedFromAddress | picklist 240 | restricted | From
ToAddress | string 4000 | -sort -group
CcAddress | string 4000 | -sort -group | CC Address
BccAddress | string 4000 | -sort -group | BCC Address
Incoming | boolean | createonly | Is Incoming
HasAttachment | boolean | readonly
Status | picklist 40 | required restricted | | 0=New*;1=Read;2=Replied;3=Sent;4=Forwarded;5=Draft
MessageDate | datetime
@deleted
ReplyToEmailMessageId | ref EmailMessage ReplyToEmailMessage | createonly | Email Message ID
IsExternallyVisible | boolean
MessageIdentifier | string 765 | | Message ID
ThreadIdentifier | string 765 | | Thread ID
RelatedToId | ref Account,Asset,Campaign,Case,Contact,Contract,Lead,Opportunity,Order,Product2,Quote,Solution RelatedTo Emails | poly | Related To ID
IsTracked | boolean | readonly | Is Tracked
IsOpened | boolean | readonly | Opened?
FirstOpenedDate | datetime | readonly | First Opened
LastOpenedDate | datetime | readonly | Last Opened
IsBounced | boolean | readonly | Bounced?

= PermissionSet | 0PS | Permission Set | Permission Sets | chunkable
@id PermissionSet ID
Name | string 80 | required unique | Permission Set Name
Label | string 80 | required name | Permission Set Label
LicenseId | ref PermissionSetLicense,UserLicense License | createonly poly
ProfileId | ref Profile Profile | readonly
IsOwnedByProfile | boolean | readonly | Is Owned By Profile
IsCustom | boolean | readonly | Is Custom
PermissionsApiEnabled | boolean | | API Enabled
PermissionsModifyAllData | boolean | | Modify All Data
PermissionsViewAllData | boolean | | View All Data
PermissionsViewSetup | boolean | | View Setup and Configuration
PermissionsBulkApiHardDelete | boolean | | Bulk API Hard Delete
PermissionsManageUsers | boolean | | Manage Internal Users
PermissionsAuthorApex | boolean | | Author Apex
Description | string 255
@audit
NamespacePrefix | string 15 | readonly
HasActivationRequired | boolean | | Session Activation Required
Type | picklist 40 | readonly restricted | | Regular*;Standard;Session;Profile;Group

= PermissionSetAssignment | 0Pa | Permission Set Assignment | Permission Set Assignments | chunkable -update
@id PermissionSetAssignment ID
PermissionSetId | ref PermissionSet PermissionSet Assignments | required createonly cascade
AssigneeId | ref User Assignee PermissionSetAssignments | required createonly cascade
SystemModstamp | datetime | readonly required defaulted
ExpirationDate | datetime
IsActive | boolean | readonly | Is Active

= ObjectPermissions | 110 | Object Permissions | Object Permissions | chunkable
@id ObjectPermissions ID
ParentId | ref PermissionSet Parent ObjectPerms | required createonly cascade
SobjectType | string 40 | required createonly | Sobject Type Name
PermissionsCreate | boolean | | Create Records
PermissionsRead | boolean | | Read Records
PermissionsEdit | boolean | | Edit Records
PermissionsDelete | boolean | | Delete Records
PermissionsViewAllRecords | boolean | | Read All Records
PermissionsModifyAllRecords | boolean | | Edit All Records
@audit

= FieldPermissions | 01k | Field Permissions | Field Permissions | chunkable
@id FieldPermissions ID
ParentId | ref PermissionSet Parent FieldPerms | required createonly cascade
SobjectType | string 40 | required createonly | Sobject Type Name
Field | string 255 | required createonly | Field Name
PermissionsEdit | boolean | | Edit Field
PermissionsRead | boolean | | Read Field
SystemModstamp | datetime | readonly required defaulted

= GroupMember | 011 | Group Member | Group Member | chunkable -update
@id Group Member ID
GroupId | ref Group Group GroupMembers | required createonly cascade
UserOrGroupId | ref Group,User UserOrGroup | required createonly poly
SystemModstamp | datetime | readonly required defaulted

= QueueSobject | 03g | Queue Sobject | Queue Sobject | chunkable -update
@id Queue Sobject ID
SobjectType | string 40 | required createonly | Sobject Type Name
QueueId | ref Group Queue QueueSobjects | required createonly cascade
CreatedById | ref User CreatedBy | readonly required defaulted
SystemModstamp | datetime | readonly required defaulted

= TabDefinition | 01r | Tab Definition | Tab Definitions | -create -update -delete
@id Tab Definition ID
DurableId | string 255 | readonly
Name | string 255 | readonly name
Label | string 255 | readonly
SobjectName | string 255 | readonly
Url | string 1024 | readonly
MobileUrl | string 1024 | readonly
IsCustom | boolean | readonly
IsAvailableInAloha | boolean | readonly
IsAvailableInLightning | boolean | readonly
IsAvailableInMobile | boolean | readonly
IsAvailableInDesktop | boolean | readonly
"""
