// Reads one object of an account's settings and keeps what is wrong with it, named by its path.
#pragma once

#include <absl/strings/str_cat.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/error.h"

namespace ctc::providers::http_switch {

using Json = nlohmann::json;
using Faults = std::vector<base::FieldError>;

class SettingsReader {
 public:
  // `object` and `faults` outlive it. What is no object is a fault and reads as an empty one.
  SettingsReader(const Json& object, std::string path, Faults& faults)
      : object_(object.is_object() ? object : Empty()), path_(std::move(path)), faults_(faults) {
    if (!object.is_object()) faults_.push_back({path_, "must be an object"});
  }

  // The member; null when absent or null.
  const Json* Find(const char* name) {
    asked_.insert(name);
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string Text(const char* name, std::string_view fallback = "") {
    const Json* found = Find(name);
    if (found == nullptr) return std::string(fallback);
    if (found->is_string()) return found->get<std::string>();
    Fault(name, "must be a text");
    return std::string(fallback);
  }
  int Number(const char* name, int low, int high, int fallback) {
    const Json* found = Find(name);
    if (found == nullptr) return fallback;
    if (found->is_number_integer() && *found >= low && *found <= high) return found->get<int>();
    Fault(name, absl::StrCat("must be a whole number from ", low, " to ", high));
    return fallback;
  }
  // One of `words`; the first when absent or at fault.
  std::string Word(const char* name, std::initializer_list<const char*> words) {
    const std::string given = Text(name, *words.begin());
    std::string list;
    for (const char* word : words) {
      if (given == word) return given;
      absl::StrAppend(&list, list.empty() ? "" : ", ", word);
    }
    Fault(name, "must be one of " + list);
    return *words.begin();
  }
  // Members that nobody asked for: most likely a name mistyped.
  void RefuseOthers() {
    for (const auto& [name, value] : object_.items()) {
      if (!asked_.contains(name)) Fault(name, "is not known");
    }
  }

  void Fault(std::string_view name, std::string detail) {
    faults_.push_back({Path(name), std::move(detail)});
  }
  std::string Path(std::string_view name) const { return path_ + "." + std::string(name); }
  Faults& faults() { return faults_; }
  const Json& object() const { return object_; }

 private:
  static const Json& Empty() {
    static const Json empty = Json::object();
    return empty;
  }

  const Json& object_;
  std::string path_;
  Faults& faults_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace ctc::providers::http_switch
