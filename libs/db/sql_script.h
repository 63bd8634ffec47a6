// Cuts a migration's text into statements. Pure; private to this library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace ctc::db {

// Statements without comments around them, without the semicolon. Knows quotes, identifiers in
// backticks and the three kinds of comments. INVALID_ARGUMENT: a quote or comment does not end, or
// the text uses DELIMITER.
absl::StatusOr<std::vector<std::string>> SplitStatements(std::string_view script);

// True for a statement that MySQL commits by itself (CREATE, ALTER, DROP, RENAME, TRUNCATE).
bool ChangesSchema(std::string_view statement);

}  // namespace ctc::db
