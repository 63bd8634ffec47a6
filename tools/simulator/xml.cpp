#include "tools/simulator/xml.h"

#include <algorithm>

namespace ctc::simulator {
namespace {

constexpr int kMaxDepth = 32;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

absl::Status NotXml() { return absl::InvalidArgumentError("not well-formed XML"); }

absl::StatusOr<std::string> Unescape(std::string_view text) {
  static const std::map<std::string_view, char> kEntities = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '&') {
      out.push_back(text[i]);
      continue;
    }
    const size_t end = text.find(';', i);
    if (end == std::string_view::npos) return NotXml();
    const auto entity = kEntities.find(text.substr(i + 1, end - i - 1));
    if (entity == kEntities.end()) return NotXml();
    out.push_back(entity->second);
    i = end;
  }
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  absl::StatusOr<XmlElement> Document() {
    CTC_RETURN_IF_ERROR(SkipMisc());
    CTC_ASSIGN_OR_RETURN(XmlElement root, Element(0));
    CTC_RETURN_IF_ERROR(SkipMisc());
    if (!rest_.empty()) return NotXml();
    return root;
  }

 private:
  absl::Status SkipMisc() {
    while (true) {
      SkipBlanks();
      if (rest_.starts_with("<?")) {
        CTC_RETURN_IF_ERROR(SkipPast("?>"));
      } else if (rest_.starts_with("<!--")) {
        CTC_RETURN_IF_ERROR(SkipPast("-->"));
      } else {
        return absl::OkStatus();
      }
    }
  }

  absl::StatusOr<XmlElement> Element(int depth) {
    if (depth > kMaxDepth || !Take("<")) return NotXml();
    XmlElement element;
    CTC_ASSIGN_OR_RETURN(element.name, Name());
    CTC_RETURN_IF_ERROR(Attributes(element));
    if (Take("/>")) return element;
    if (!Take(">")) return NotXml();
    CTC_RETURN_IF_ERROR(Content(element, depth));
    return element;
  }

  absl::Status Attributes(XmlElement& element) {
    SkipBlanks();
    while (!rest_.empty() && rest_.front() != '>' && rest_.front() != '/') {
      CTC_ASSIGN_OR_RETURN(std::string name, Name());
      SkipBlanks();
      if (!Take("=")) return NotXml();
      SkipBlanks();
      if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return NotXml();
      const char quote = rest_.front();
      rest_.remove_prefix(1);
      const size_t end = rest_.find(quote);
      if (end == std::string_view::npos) return NotXml();
      CTC_ASSIGN_OR_RETURN(std::string value, Unescape(rest_.substr(0, end)));
      rest_.remove_prefix(end + 1);
      if (!element.attributes.emplace(std::move(name), std::move(value)).second) return NotXml();
      SkipBlanks();
    }
    return absl::OkStatus();
  }

  absl::Status Content(XmlElement& element, int depth) {
    std::string text;
    while (!rest_.starts_with("</")) {
      if (rest_.empty()) return NotXml();
      if (rest_.starts_with("<!--")) {
        CTC_RETURN_IF_ERROR(SkipPast("-->"));
      } else if (rest_.front() == '<') {
        CTC_ASSIGN_OR_RETURN(XmlElement child, Element(depth + 1));
        element.children.push_back(std::move(child));
      } else {
        const size_t end = std::min(rest_.find('<'), rest_.size());
        CTC_ASSIGN_OR_RETURN(std::string part, Unescape(rest_.substr(0, end)));
        text += part;
        rest_.remove_prefix(end);
      }
    }
    rest_.remove_prefix(2);
    CTC_ASSIGN_OR_RETURN(const std::string name, Name());
    SkipBlanks();
    if (name != element.name || !Take(">")) return NotXml();
    element.text = Trimmed(text);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Name() {
    const auto* end = std::find_if(rest_.begin(), rest_.end(), [](char c) {
      return IsBlank(c) || std::string_view("<>/=\"'").find(c) != std::string_view::npos;
    });
    const auto length = static_cast<size_t>(end - rest_.begin());
    if (length == 0) return NotXml();
    std::string name(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return name;
  }

  absl::Status SkipPast(std::string_view end) {
    const size_t at = rest_.find(end);
    if (at == std::string_view::npos) return NotXml();
    rest_.remove_prefix(at + end.size());
    return absl::OkStatus();
  }

  void SkipBlanks() {
    while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
  }

  bool Take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string XmlElement::Attribute(const std::string& key, const std::string& fallback) const {
  const auto it = attributes.find(key);
  return it == attributes.end() ? fallback : it->second;
}

absl::StatusOr<XmlElement> ParseXml(std::string_view text) { return Reader(text).Document(); }

}  // namespace ctc::simulator
