"""What the emulator does, and on whose word: Rows in."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Rows in",
    behaviours=(
        Behaviour(
            id="bulk1.row.csv",
            title="CSV",
            does="UTF-8, comma, LF or CRLF (or CR); quoted or not",
            source="BG, CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.bom_before_quoted_header",
            title="BOM before a quoted header, quote in an unquoted value",
            does=(
                '"Failed to parse CSV. Found unescaped quote. A value with quote should be '
                'within a quote"'
            ),
            source="user reports, WSC",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.space_beside_quote_outside",
            title="Space beside a quote, outside it",
            does="fails the batch (the guide: an error for the row)",
            source="WSC",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.row.blank_line_line_one",
            title="A blank line; a line of one empty quoted cell",
            does="no record; a record, as each record has its result",
            source="bulk-api-1 §16",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.row.row_more_fewer_cells",
            title="Row with more or fewer cells than the header",
            does="fails alone",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.row.empty_cell_leaves_n",
            title="Empty cell leaves, `#N/A` clears",
            does="yes",
            source="BG, CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.line_breaks_inside_values",
            title="Line breaks inside values",
            does="kept as sent; `Sforce-Line-Ending` LF or CRLF rewrites them",
            source="BG (that), – (default)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.row.unknown_column",
            title="Unknown column",
            does='the batch fails, "Field name not found : X"',
            source="HSB #101",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.empty_xml_element_json",
            title='Empty XML element, `""` in JSON',
            does="like an empty CSV cell",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.row.json_array_unknown_json",
            title="JSON that is not an array, unknown JSON field",
            does="the batch fails",
            source="SS #366",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.nan_infinity",
            title="`NaN`, `Infinity`",
            does="the batch fails",
            source="SS #442",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.spec",
            title="`/spec`",
            does=(
                "201, empty body; columns not named are dropped; default value where the "
                "cell or column is missing"
            ),
            source="HSB, BG / –",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.row.compound_name_date_patterns",
            title="Compound `Name`, date patterns, boolean patterns, charset of a mapped batch",
            does="as in the guide's example; two-digit years are 1969–2068",
            source="BG Map Data Fields",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.row.bad_spec",
            title="Bad spec",
            does="400 `ClientInputError`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.row.files_job_zip_1",
            title="Files in a job that is not zip (1.0: CSV, XML, JSON; 2.0)",
            does=(
                'the batch or job fails: `InvalidBatch` "Binary field Body is only supported '
                'for content types ZIP_XML and ZIP_CSV"'
            ),
            source="users' reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.email_fields",
            title="Email fields",
            does="kept in lower case",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.row.zip_batches",
            title="Zip batches",
            does=(
                "`request.txt`, `#path`, limits of size, number and name length; faults of "
                "the archive fail the batch, missing files fail the row with `INVALID_FIELD`"
            ),
            source="BG Binary Attachments",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.row.texts_zip_errors",
            title="Texts of zip errors",
            does="–",
            source="–",
            grade=Grade.ASSUMED,
        ),
    ),
)
