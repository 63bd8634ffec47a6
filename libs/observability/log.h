// JSON lines: constant text, values as fields. Secrets cannot be passed (base::Secret has no text);
// phone numbers go through MaskPhone. Thread-safe.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ctc::observability {

enum class Level { kDebug, kInfo, kWarn, kError };

using FieldValue = std::variant<std::string, int64_t, double, bool>;
struct Field {
  std::string_view name;
  FieldValue value;
  Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  Field(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
  Field(std::string_view n, int v) : name(n), value(int64_t{v}) {}
  Field(std::string_view n, int64_t v) : name(n), value(v) {}
  Field(std::string_view n, size_t v) : name(n), value(static_cast<int64_t>(v)) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  // "code: message"; the message of an INTERNAL status stays inside the log.
  Field(std::string_view n, const absl::Status& v);
};

struct LogConfig {
  Level level = Level::kInfo;
  bool human = false;  // for people on a terminal instead of JSON
  std::string file;    // empty: stderr
  std::string service = "ctc";
};

void ConfigureLog(const LogConfig& config);
// error: someone must act; warn: degraded, acts by itself; info: state changes and wide lines;
// debug.
void Log(Level level, std::string_view message, std::initializer_list<Field> fields = {});
inline void Info(std::string_view m, std::initializer_list<Field> f = {}) {
  Log(Level::kInfo, m, f);
}
inline void Warn(std::string_view m, std::initializer_list<Field> f = {}) {
  Log(Level::kWarn, m, f);
}
inline void Error(std::string_view m, std::initializer_list<Field> f = {}) {
  Log(Level::kError, m, f);
}
inline void Debug(std::string_view m, std::initializer_list<Field> f = {}) {
  Log(Level::kDebug, m, f);
}

// "+1234567890" -> "+******7890".
std::string MaskPhone(std::string_view phone);

}  // namespace ctc::observability
