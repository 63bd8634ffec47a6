#include "libs/http/curl_transfer.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>

#include <algorithm>

#include "libs/http/text.h"

namespace ctc::http {
namespace {

constexpr absl::Duration kConnectLimit = absl::Seconds(5);
// Once an answer has begun, less than this many bytes a second for this long ends it.
constexpr long kSlowBytes = 64;
constexpr long kSlowSeconds = 5;

bool IsClean(std::string_view text) { return std::all_of(text.begin(), text.end(), IsValueChar); }

}  // namespace

CurlTransfer::CurlTransfer(ClientRequest request, std::shared_ptr<const AddressGuard> guard,
                           std::function<void(ClientResult)> done)
    : request_(std::move(request)), guard_(std::move(guard)), done_(std::move(done)) {}

CurlTransfer::~CurlTransfer() {
  curl_slist_free_all(headers_);
  curl_url_cleanup(url_);
}

absl::Status CurlTransfer::Prepare(CURL* easy) {
  easy_ = easy;
  CTC_RETURN_IF_ERROR(PrepareUrl());
  CTC_RETURN_IF_ERROR(PrepareHeaders());
  PrepareMethod();
  const long timeout =
      static_cast<long>(std::max<int64_t>(1, absl::ToInt64Milliseconds(request_.timeout)));
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(timeout, static_cast<long>(absl::ToInt64Milliseconds(kConnectLimit))));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // An idle connection is given up before Asterisk's HTTP server closes it (15 s).
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 13L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  if (!guard_->everywhere()) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::OnSocket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  }
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlTransfer::OnReady);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  return absl::OkStatus();
}

// Parsed here: curl would take a text apart, put it together again and print it letter by letter.
absl::Status CurlTransfer::PrepareUrl() {
  if (!std::all_of(request_.url.begin(), request_.url.end(),
                   [](char c) { return c > 0x20 && c != 0x7F; })) {
    return absl::InvalidArgumentError("the URL has a character that must be encoded");
  }
  url_ = curl_url();
  if (curl_url_set(url_, CURLUPART_URL, request_.url.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError("the URL cannot be read");
  }
  curl_easy_setopt(easy_, CURLOPT_CURLU, url_);
  return absl::OkStatus();
}

absl::Status CurlTransfer::PrepareHeaders() {
  auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_, line.c_str());
    if (longer != nullptr) headers_ = longer;
  };
  for (const auto& [name, value] : request_.headers) {
    const bool token = !name.empty() && std::all_of(name.begin(), name.end(), IsTokenChar);
    if (!token || !IsClean(value)) return absl::InvalidArgumentError("a header is not valid");
    append(value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value));
  }
  append("Expect:");
  if (!request_.bearer.empty()) {
    if (!IsClean(request_.bearer.Reveal())) {
      return absl::InvalidArgumentError("the bearer token is not valid");
    }
    append("Authorization: Bearer " + std::string(request_.bearer.Reveal()));
  } else if (!request_.user.empty()) {
    curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy_, CURLOPT_USERNAME, request_.user.c_str());
    curl_easy_setopt(easy_, CURLOPT_PASSWORD, std::string(request_.password.Reveal()).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  return absl::OkStatus();
}

void CurlTransfer::PrepareMethod() {
  const std::string& method = request_.method;
  const auto size = static_cast<curl_off_t>(request_.body.size());
  if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (method == "GET" && request_.body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  } else if (method == "DELETE" && request_.body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, "DELETE");
  } else {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, size);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    if (method != "POST") curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  std::string& body = transfer->result_.response.body;
  if (body.size() + size * count > transfer->request_.max_response_bytes) {
    transfer->too_long_ = true;
    return 0;
  }
  body.append(data, size * count);
  return size * count;
}

size_t CurlTransfer::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  std::string_view line(data, size * count);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  Headers& headers = transfer->result_.response.headers;
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    headers = Headers();  // the head of the final answer, after any 100
    transfer->head_complete_ = false;
    curl_easy_setopt(transfer->easy_, CURLOPT_LOW_SPEED_LIMIT, kSlowBytes);
    curl_easy_setopt(transfer->easy_, CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
  } else if (line.empty()) {
    transfer->head_complete_ = true;
  } else if (colon != std::string_view::npos) {
    headers.Add(std::string(line.substr(0, colon)),
                std::string(TrimBlanks(line.substr(colon + 1))));
  }
  return size * count;
}

// By then the name is resolved: what a name stands for may change between a check and its use.
curl_socket_t CurlTransfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  if (!transfer->guard_->Allows(address->addr)) {
    transfer->forbidden_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Runs before a request is sent over a connection. Curl sends a request again by itself when a kept
// connection turns out dead, whatever the method; a call must never be dialled twice that way, and
// some providers are dialled by GET.
int CurlTransfer::OnReady(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  return transfer->attempts_++ > 0 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

ClientError CurlTransfer::ErrorOf(CURLcode code) const {
  long sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
  ClientError error;
  // TLS problems come before the request; a failed certificate check never lets it out.
  error.reached = sent == 0 && attempts_ <= 1 ? Reached::kNotSent : Reached::kMaybe;
  const char* text = curl_easy_strerror(code);
  if (too_long_) {
    error.status = absl::ResourceExhaustedError("the answer is longer than allowed");
  } else if (forbidden_ && error.reached == Reached::kNotSent) {
    error.status = absl::UnavailableError(kForbiddenAddress);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    error.status = absl::DeadlineExceededError("no complete answer in time");
  } else if (code == CURLE_ABORTED_BY_CALLBACK) {
    error.status = absl::UnavailableError("the kept connection broke after the request was sent");
  } else {
    error.status = absl::UnavailableError(text);
  }
  return error;
}

void CurlTransfer::Finish(CURLcode code) {
  double seconds = 0;
  curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME, &seconds);
  result_.elapsed = absl::Seconds(seconds);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status > 0 && head_complete_) {
    result_.response.status = static_cast<int>(status);
  } else {
    result_.response = ClientResponse();
    result_.error = ErrorOf(code == CURLE_OK ? CURLE_WEIRD_SERVER_REPLY : code);
  }
  done_(std::move(result_));
}

void CurlTransfer::Fail(Reached reached, absl::Status status) {
  ClientResult result;
  result.error.reached = reached;
  result.error.status = std::move(status);
  done_(std::move(result));
}

}  // namespace ctc::http
