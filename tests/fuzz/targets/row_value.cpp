// What a column of the database may hold, read as every type.
#include "libs/db/value.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

void RowValue(std::string_view bytes) {
  const db::Row row({std::string(bytes), std::nullopt});
  (void)row.Int(0);
  (void)row.Double(0);
  (void)row.Time(0);
  Require(row.Text(0) == bytes, "text is as it was");
  Require(row.IsNull(1) && row.Int(1) == 0 && row.Text(1).empty() &&
              row.Time(1) == absl::InfinitePast(),
          "NULL reads as nothing");
}

}  // namespace ctc::fuzz
