#include "tools/ctc/checks.h"

#include <absl/strings/numbers.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace ctc::tool {
namespace {

constexpr absl::Duration kClockNoise = absl::Seconds(1);
// A lease in the database lasts half a minute.
constexpr absl::Duration kClockLimit = absl::Seconds(30);

std::string_view HostOf(std::string_view url) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find_first_of("/?#"));
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  if (url.starts_with('[')) return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

// "10.11.6-MariaDB" -> 1011.
int VersionNumber(const std::string& version) {
  int major = 0, minor = 0;
  if (std::sscanf(version.c_str(), "%d.%d", &major, &minor) < 1) return 0;
  return major * 100 + minor;
}

bool MayWrite(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::is_directory(folder, ignored) && access(folder.c_str(), W_OK | X_OK) == 0;
}

}  // namespace

std::string CheckLine(const Check& check) {
  const char* word = check.word == Word::kOk ? "ok" : check.word == Word::kWarn ? "warn" : "FAIL";
  Columns columns;
  columns.Fit({"FAIL", "recordings_dir", ""});
  return columns.Line({word, check.subject, check.text});
}

bool IsLoopback(std::string_view url) {
  const std::string_view host = HostOf(url);
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

std::string ShownUrl(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, begin)) + std::string(url.substr(at + 1));
}

Check CheckVersion(const std::string& version) {
  const bool maria = version.find("MariaDB") != std::string::npos;
  const int number = VersionNumber(version);
  const int needed = maria ? 1006 : 800;  // SKIP LOCKED
  const int tested = maria ? 1011 : 800;
  if (number < needed) {
    return {Word::kFail, "version", version + ": use MariaDB 10.11 or MySQL 8, or later"};
  }
  if (number < tested) {
    return {Word::kWarn, "version", version + ": older than what is tested, MariaDB 10.11"};
  }
  return {Word::kOk, "version", maria ? version : "MySQL " + version};
}

Check CheckClock(absl::Duration ahead) {
  const absl::Duration off = absl::AbsDuration(ahead);
  if (off <= kClockNoise) return {Word::kOk, "clock", "the database's agrees with ours"};
  const std::string by = absl::FormatDuration(absl::Trunc(off, absl::Milliseconds(1)));
  return {off > kClockLimit ? Word::kFail : Word::kWarn, "clock",
          "the database's is " + by + (ahead > absl::ZeroDuration() ? " ahead of" : " behind") +
              " ours: set both by NTP"};
}

Check CheckRpcSecret(bool set, const std::string& listen) {
  constexpr char kSubject[] = "rpc secret";
  if (set) return {Word::kOk, kSubject, "set"};
  if (listen.empty()) {
    return {Word::kOk, kSubject, "not set, and not needed while all services are one process"};
  }
  const bool ours = listen.starts_with("unix:") || IsLoopback(listen);
  constexpr char kWhat[] = ": set CTC_RPC_SECRET_FILE, the same for every process";
  if (!ours) {
    return {Word::kFail, kSubject,
            "not set, and no process listens at " + listen + " without" + kWhat};
  }
  return {Word::kWarn, kSubject,
          "not set, so that whoever reaches " + listen + " is trusted" + kWhat};
}

Check CheckPublicUrl(const std::string& url) {
  constexpr char kSubject[] = "public url";
  if (url.empty()) {
    return {Word::kFail, kSubject,
            "not set: set CTC_PUBLIC_URL to the URL by which providers reach us"};
  }
  const std::string shown = ShownUrl(url);
  const bool https = url.starts_with("https://");
  if ((!https && !url.starts_with("http://")) || HostOf(url).empty()) {
    return {Word::kFail, kSubject, shown + ": must be as https://calls.example.com"};
  }
  if (IsLoopback(url)) return {Word::kOk, kSubject, shown + ", which only this machine reaches"};
  if (https) return {Word::kOk, kSubject, shown};
  return {
      Word::kWarn, kSubject,
      shown +
          ": tokens and webhooks would travel in clear text; set CTC_PUBLIC_URL to an https URL"};
}

Check CheckFolder(const std::string& path) {
  constexpr char kSubject[] = "recordings_dir";
  std::error_code ignored;
  std::filesystem::path folder = std::filesystem::absolute(path, ignored);
  const bool there = std::filesystem::exists(folder, ignored);
  // It is made with the first recording.
  while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (MayWrite(folder)) {
    return {Word::kOk, kSubject, path + (there ? "" : ", made when the first recording needs it")};
  }
  return {Word::kFail, kSubject,
          path + ": " + folder.string() +
              " is no folder that this user may write in; give it to the user that runs the "
              "suite, or set CTC_DISPATCH_RECORDINGS_DIR"};
}

std::string ProviderTrouble(const Json& health) {
  const std::string circuit = TextOf(health, "circuit"), last = TextOf(health, "last_error");
  if (circuit == "open" || circuit == "half_open") {
    return "the circuit is " + circuit + " after " + TextOf(health, "consecutive_failures") +
           " failures" + (last.empty() ? "" : " (" + last + ")") +
           ": no call goes this way until a probe succeeds; `ctc providers test` asks now";
  }
  if (TextOf(health, "event_socket") == "DISCONNECTED") {
    return "the event socket is not connected, so calls are not followed: check the account's "
           "api_url and credentials, and that the switch serves its events there";
  }
  return "";
}

Check CheckProvider(const std::string& name, const Json& health) {
  const std::string subject = "provider", trouble = ProviderTrouble(health);
  if (trouble.empty()) {
    const bool asked = TextOf(health, "state") != "UNKNOWN";
    return {Word::kOk, subject, name + (asked ? "" : ": not asked yet; `ctc providers test` does")};
  }
  const bool probing = TextOf(health, "circuit") == "half_open";
  return {probing ? Word::kWarn : Word::kFail, subject, name + ": " + trouble};
}

}  // namespace ctc::tool
