// Log lines over spdlog: spdlog has the sink and its lock, the line is made here.
#include "libs/observability/log.h"

#include <absl/time/time.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <charconv>
#include <cmath>
#include <memory>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace ctc::observability {
namespace {

constexpr const char* kNames[] = {"debug", "info", "warn", "error"};

struct Sink {
  std::shared_ptr<spdlog::logger> logger;
  std::string service;
  bool human = false;
};

std::shared_ptr<const Sink> MakeSink(const LogConfig& config) {
  auto sink = std::make_shared<Sink>();
  if (config.file.empty()) {
    sink->logger =
        std::make_shared<spdlog::logger>("ctc", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  } else {
    try {
      sink->logger = std::make_shared<spdlog::logger>(
          "ctc", std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file));
    } catch (const spdlog::spdlog_ex&) {  // the place cannot be written: stderr is better than none
      sink->logger = std::make_shared<spdlog::logger>(
          "ctc", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    }
  }
  sink->logger->set_pattern("%v");
  sink->logger->set_level(spdlog::level::trace);
  sink->logger->flush_on(spdlog::level::trace);
  sink->service = config.service;
  sink->human = config.human;
  return sink;
}

// The level is read before anything else is done, so a line that is off costs one atomic load.
std::atomic<Level>& Threshold() {
  static std::atomic<Level> threshold{Level::kInfo};
  return threshold;
}

struct Holder {
  base::Mutex mutex;
  std::shared_ptr<const Sink> sink ABSL_GUARDED_BY(mutex);
};

Holder& TheHolder() {
  static auto* const holder = new Holder;
  return *holder;
}

std::shared_ptr<const Sink> CurrentSink() {
  Holder& holder = TheHolder();
  const base::MutexLock lock(holder.mutex);
  if (!holder.sink) holder.sink = MakeSink(LogConfig());
  return holder.sink;
}

void AppendQuoted(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

template <class Number>
void AppendNumber(std::string& out, Number value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out.append(buffer, end);
}

void AppendValue(std::string& out, const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    AppendQuoted(out, *text);
  } else if (const auto* whole = std::get_if<int64_t>(&value)) {
    AppendNumber(out, *whole);
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (std::isfinite(*real)) {
      AppendNumber(out, *real);
    } else {
      out += "null";
    }
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

std::string JsonLine(const Sink& sink, Level level, std::string_view message,
                     std::initializer_list<Field> fields, absl::Time now) {
  std::string out = R"({"ts":")";
  out += absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone());
  out += R"(","level":")";
  out += kNames[static_cast<int>(level)];
  out += R"(","service":)";
  AppendQuoted(out, sink.service);
  out += R"(,"msg":)";
  AppendQuoted(out, message);
  for (const Field& field : fields) {
    out.push_back(',');
    AppendQuoted(out, field.name);
    out.push_back(':');
    AppendValue(out, field.value);
  }
  out.push_back('}');
  return out;
}

std::string HumanLine(Level level, std::string_view message, std::initializer_list<Field> fields,
                      absl::Time now) {
  std::string out = absl::FormatTime("%H:%M:%E3S ", now, absl::LocalTimeZone());
  out += kNames[static_cast<int>(level)];
  out.push_back(' ');
  out += message;
  for (const Field& field : fields) {
    out.push_back(' ');
    out += field.name;
    out.push_back('=');
    AppendValue(out, field.value);
  }
  return out;
}

constexpr spdlog::level::level_enum kSpdlogLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                       spdlog::level::warn, spdlog::level::err};

}  // namespace

Field::Field(std::string_view n, const absl::Status& v)
    : name(n), value(absl::StatusCodeToString(v.code()) + ": " + std::string(v.message())) {}

void ConfigureLog(const LogConfig& config) {
  std::shared_ptr<const Sink> sink = MakeSink(config);
  Holder& holder = TheHolder();
  const base::MutexLock lock(holder.mutex);
  holder.sink = std::move(sink);
  Threshold().store(config.level, std::memory_order_relaxed);
}

void Log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < Threshold().load(std::memory_order_relaxed)) return;
  const std::shared_ptr<const Sink> sink = CurrentSink();
  const absl::Time now = base::SystemClock().Now();
  const std::string line = sink->human ? HumanLine(level, message, fields, now)
                                       : JsonLine(*sink, level, message, fields, now);
  // Through "{}": our text must not be read as a format.
  sink->logger->log(kSpdlogLevels[static_cast<int>(level)], "{}", line);
}

std::string MaskPhone(std::string_view phone) {
  constexpr size_t kShown = 4;
  const size_t start = !phone.empty() && phone.front() == '+' ? 1 : 0;
  std::string out(phone);
  const size_t end = phone.size() >= start + 2 * kShown ? phone.size() - kShown : phone.size();
  for (size_t i = start; i < end; ++i) out[i] = '*';
  return out;
}

}  // namespace ctc::observability
