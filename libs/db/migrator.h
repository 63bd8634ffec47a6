// Brings a database's schema up to date from files "NNN_name.sql", each applied once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libs/db/database.h"

namespace ctc::db {

// The newest migration this program is written for.
inline constexpr int kSchemaVersion = 27;

// One line of progress for people.
using Progress = std::function<void(std::string_view line)>;

// Applies each file of `directory` that was not applied yet, in order of its number. May be killed
// at any moment and repeated: MySQL cannot roll a CREATE or ALTER back, so progress is written down
// by statement and a statement that was under way is tolerated when its effect is there already.
// Two runners wait for each other. Blocks. Errors: FAILED_PRECONDITION when an applied file was
// changed or is missing a number before it; INVALID_ARGUMENT for unreadable files; otherwise the
// statement's own, with file and number.
absl::Status Migrate(Database& database, const std::string& directory,
                     const Progress& progress = nullptr);

// Number of the newest migration that is applied completely; 0 for an empty database.
absl::StatusOr<int> SchemaVersion(Database& database);

// OK when the schema is at least `needed`; FAILED_PRECONDITION says what to do. Blocks.
absl::Status CheckSchema(Database& database, int needed = kSchemaVersion);

}  // namespace ctc::db
