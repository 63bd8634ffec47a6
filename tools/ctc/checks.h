// What `ctc doctor` and `ctc providers test` make of what they found: well or not, what is wrong
// and what to do. Pure, but for CheckFolder, which looks at the disk.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>

#include "tools/ctc/text.h"

namespace ctc::tool {

enum class Word { kOk, kWarn, kFail };

struct Check {
  Word word;
  std::string subject;
  std::string text;  // what is, and unless it is well what to do
};

std::string CheckLine(const Check& check);  // with its end of line

// Of "http://host:port/path" or "host:port": this machine's own.
bool IsLoopback(std::string_view url);
// Without the user and password that may stand in it.
std::string ShownUrl(std::string_view url);

Check CheckVersion(const std::string& version);  // as SELECT VERSION() tells it
Check CheckClock(absl::Duration ahead);          // the database's less ours
Check CheckRpcSecret(bool set, const std::string& listen);
Check CheckPublicUrl(const std::string& url);
Check CheckFolder(const std::string& path);

// What GET .../health tells of an account: empty when it is well.
std::string ProviderTrouble(const Json& health);
Check CheckProvider(const std::string& name, const Json& health);

}  // namespace ctc::tool
