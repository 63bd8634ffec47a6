#include "tools/ctc/text.h"

#include <algorithm>
#include <array>

namespace ctc::tool {
namespace {

constexpr size_t kOtherAnswerShown = 160;

// Letters, not bytes: bytes that begin a character of UTF-8.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Padded(std::string text, size_t width) {
  const size_t has = Width(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

// What an event may know beside time, session, type and status; shown by these names where it does.
struct Extra {
  const char* member;
  const char* name;
};
constexpr Extra kExtras[] = {{"party", "party"},          {"agent_id", "agent"},
                             {"provider_type", "via"},    {"end_reason", "reason"},
                             {"campaign_id", "campaign"}, {"known_by", "known_by"},
                             {"detail", "detail"}};

constexpr std::array<std::string_view, 4> kSadEndings = {"FAILED", "BUSY", "NO_ANSWER",
                                                         "CANCELLED"};
constexpr char kDim[] = "\033[2m", kGreen[] = "\033[32m", kRed[] = "\033[31m", kBold[] = "\033[1m",
               kPlain[] = "\033[0m";

const char* ColourOf(std::string_view status) {
  if (status == "CONNECTED") return kGreen;
  const bool sad = std::find(kSadEndings.begin(), kSadEndings.end(), status) != kSadEndings.end();
  return sad ? kRed : kBold;
}

}  // namespace

std::string TextOf(const Json& object, std::string_view name) {
  if (!object.is_object()) return "";
  const auto found = object.find(std::string(name));
  if (found == object.end() || found->is_null() || found->is_structured()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

bool IsTrue(const Json& object, std::string_view name) { return TextOf(object, name) == "true"; }

std::string Pretty(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 =
        c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;  // a control character of two bytes
    out += c < 0x20 || c == 0x7F || c1 ? ' ' : text[i];
  }
  return out;
}

void Columns::Fit(const Row& row) {
  if (widths_.size() < row.size()) widths_.resize(row.size(), 1);
  for (size_t i = 0; i < row.size(); ++i) {
    widths_[i] = std::max(widths_[i], Width(Printable(row[i])));
  }
}

std::string Columns::Line(const Row& row) const {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    const bool last = i + 1 == row.size();
    std::string cell = Printable(row[i]);
    if (cell.empty() && !last) cell = "-";
    line += last ? cell : Padded(std::move(cell), i < widths_.size() ? widths_[i] : 0) + "  ";
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Table(const std::vector<Row>& rows) {
  Columns columns;
  for (const Row& row : rows) columns.Fit(row);
  std::string out;
  for (const Row& row : rows) out += columns.Line(row);
  return out;
}

std::string RefusalText(int http_status, std::string_view body) {
  const Json problem = Json::parse(body, nullptr, false);
  const std::string code = TextOf(problem, "code");
  if (code.empty()) {
    return "HTTP " + std::to_string(http_status) +
           ", not an answer of the API: is $CTC_URL its edge? " +
           Printable(body.substr(0, kOtherAnswerShown));
  }
  std::string text = Printable(code) + ": " + Printable(TextOf(problem, "detail"));
  if (const auto errors = problem.find("errors"); errors != problem.end() && errors->is_array()) {
    for (const Json& error : *errors) {
      text += "\n  " + Printable(TextOf(error, "field")) + " " + Printable(TextOf(error, "detail"));
    }
  }
  if (const std::string action = TextOf(problem, "action"); !action.empty()) {
    text += "\n  " + Printable(action);
  }
  if (const std::string id = TextOf(problem, "request_id"); !id.empty()) {
    text += "\n  request_id " + Printable(id);
  }
  return text;
}

bool EventFilter::Matches(const Json& event) const {
  if (!status.empty() && TextOf(event, "new_status") != status) return false;
  return session.empty() || TextOf(event, "session_id") == session ||
         TextOf(event, "id") == session;
}

std::string EventLine(const Json& event, bool colours) {
  const auto painted = [colours](std::string text, const char* colour) {
    return colours ? colour + text + kPlain : text;
  };
  const std::string status = Printable(TextOf(event, "new_status"));
  std::string line = painted(Padded(Printable(TextOf(event, "occurred_at")), 24), kDim) + "  " +
                     Padded(Printable(TextOf(event, "session_id")), 31) + "  " +
                     Padded(Printable(TextOf(event, "type")), 22) + "  " +
                     painted(Padded(status.empty() ? "-" : status, 11), ColourOf(status));
  for (const Extra& extra : kExtras) {
    const std::string value = TextOf(event, extra.member);
    if (!value.empty()) line += std::string("  ") + extra.name + "=" + Printable(value);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace ctc::tool
