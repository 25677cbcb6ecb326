"""A hostile Google Sheets on a loopback port: a real grid behind the Sheets v4 JSON, and faults on demand.

Modelled, as Google does it:
- `spreadsheets.get` with `ranges`, `includeGridData` and `fields` masks; `values.get/batchGet/update/batchUpdate/
  append/clear/batchClear`; `spreadsheets.batchUpdate` with the kinds of request listed in `batch.HANDLERS`, all or
  nothing. Every request is judged by Google's own schema before it is applied, every answer before it is sent.
- Typed cells: numbers are doubles, dates are numbers under a date format. `RAW` stores what it is given; a number
  takes on the looks of the cell it lands in. `USER_ENTERED` understands numbers, dates, percentages, booleans and
  formulas by the book's locale (`es_CL` or `en_US`) and gives a cell without a format the one its value suggests.
- Reading leaves out blank rows and cells at the end; formats are no content. A null leaves its cell alone, `""`
  empties it, neither changes its format. A range that starts past the grid is a 400 that names it and the grid's size;
  one that only ends there is clipped when read and refused when written.
- Formats stay with their cells; appended rows and columns have none, inserted ones take a neighbour's.
- Formulas follow rows and columns that are inserted, deleted, moved or sorted; what they lose shows `#REF!`.
- Protected ranges of the office refuse the whole batch, and move with their cells.
- The errors, in Google's words; 60 reads and 60 writes per user in any 60 seconds; a service account's token endpoint
  that verifies signature, audience, scope and times; tokens that expire after an hour of the server's clock.

Where Google is vague the stricter reading was taken: the quota's minute slides; writing past the grid from a one-cell
range is refused although the values would begin inside.

Not modelled, and refused by name rather than ignored: charts, pivot tables, merges, named ranges, data validation,
developer metadata, data filters, banding, conditional formats, `cutPaste`, `findReplace` and the other kinds not in
`batch.HANDLERS`; creating and copying spreadsheets; Drive. Filters are accepted and hide nothing. Formula functions
beyond a handful show `#NAME?`. Fractions and currencies typed by people stay text. Snake-case names in requests,
numbers sent as strings, gzip and chunked answers are not spoken. An answer never takes long because a book is big.
"""
