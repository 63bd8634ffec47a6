// multipart/form-data: the delimiter, a few header lines, an empty line, the content.
#include "libs/http/multipart.h"

#include <algorithm>
#include <optional>

#include "libs/http/message.h"
#include "libs/http/text.h"

namespace ctc::http {
namespace {

constexpr size_t kMaxParts = 200;
constexpr size_t kMaxBoundary = 70;  // RFC 2046 5.1.1

using Pairs = std::vector<std::pair<std::string, std::string>>;

absl::Status Broken(const char* what) { return absl::InvalidArgumentError(what); }

// Takes the next ";"-separated piece of a header; a ";" within quotes does not separate.
std::string_view TakePiece(std::string_view& header) {
  bool quoted = false;
  size_t end = 0;
  while (end < header.size() && (quoted || header[end] != ';')) quoted ^= header[end++] == '"';
  const std::string_view piece = header.substr(0, end);
  header.remove_prefix(std::min(end + 1, header.size()));
  return TrimBlanks(piece);
}

// The value of `name=` among the parameters of a header, without its quotes.
std::optional<std::string> Parameter(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::string_view piece = TakePiece(header);
    const size_t equals = std::min(piece.find('='), piece.size());
    if (equals == piece.size() || !EqualsIgnoreCase(TrimBlanks(piece.substr(0, equals)), name)) {
      continue;
    }
    std::string_view value = TrimBlanks(piece.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return std::nullopt;
}

// Name of a part by its Content-Disposition.
std::optional<std::string> NameOf(std::string_view head) {
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const size_t colon = std::min(line.find(':'), line.size());
    if (!EqualsIgnoreCase(line.substr(0, colon), "content-disposition")) continue;
    return Parameter(line.substr(std::min(colon + 1, line.size())), "name");
  }
  return std::nullopt;
}

// `part` is what stands between two delimiters' lines.
absl::Status AddPart(std::string_view part, Pairs& pairs) {
  const size_t head_end = part.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return Broken("a part has no end of its head");
  const std::string_view content = part.substr(head_end + 4);
  std::optional<std::string> name = NameOf(part.substr(0, head_end));
  if (!name.has_value() || name->empty()) return Broken("a part has no name");
  if (pairs.size() == kMaxParts) return Broken("there are too many parts");
  if (!IsUtf8(*name) || !IsUtf8(content)) return Broken("a part is not UTF-8");
  pairs.emplace_back(*std::move(name), std::string(content));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Pairs> ParseMultipart(std::string_view content_type, std::string_view body) {
  const std::optional<std::string> boundary = Parameter(content_type, "boundary");
  if (!boundary.has_value() || boundary->empty() || boundary->size() > kMaxBoundary) {
    return Broken("the type names no boundary");
  }
  const std::string delimiter = "\r\n--" + *boundary;
  // Only the first one may stand at the very beginning.
  const std::string_view opening = std::string_view(delimiter).substr(2);
  const bool at_once = body.starts_with(opening);
  const size_t found = at_once ? 0 : body.find(delimiter);
  if (found == std::string_view::npos) return Broken("the boundary is missing");
  std::string_view rest = body.substr(found + (at_once ? opening.size() : delimiter.size()));
  Pairs pairs;
  while (!rest.starts_with("--")) {
    const size_t line = rest.find("\r\n");
    if (line == std::string_view::npos) return Broken("the closing boundary is missing");
    rest.remove_prefix(line + 2);
    const size_t end = rest.find(delimiter);
    if (end == std::string_view::npos) return Broken("the closing boundary is missing");
    CTC_RETURN_IF_ERROR(AddPart(rest.substr(0, end), pairs));
    rest.remove_prefix(end + delimiter.size());
  }
  return pairs;
}

}  // namespace ctc::http
