// The bulk import of phone lists.
#include "services/recording/domain/number_csv.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

void NumberCsv(std::string_view bytes) {
  const auto lines = recording::ParseNumberCsv(bytes);
  if (!lines.ok()) return;
  Require(lines->size() <= static_cast<size_t>(recording::kMaxImportLines), "the limit is kept");
  int last = 1;
  for (const auto& line : *lines) {
    Require(line.number > last, "lines are counted from the header on");
    Require(line.type != recording::v1::PhoneNumber::LIST_TYPE_UNSPECIFIED, "a line has a list");
    last = line.number;
  }
}

}  // namespace ctc::fuzz
