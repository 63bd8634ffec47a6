// One exchange as a curl easy handle: its options, its callbacks, and what its end means.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>

#include "libs/http/client.h"

namespace ctc::http {

// Lives from Send to its completion, on the client's strand. Not movable: curl holds its address.
class CurlTransfer {
 public:
  CurlTransfer(ClientRequest request, std::shared_ptr<const AddressGuard> guard,
               std::function<void(ClientResult)> done);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Sets up the handle; an error means that nothing was or will be sent.
  absl::Status Prepare(CURL* easy);
  // Hands the result over; once.
  void Finish(CURLcode code);
  void Fail(Reached reached, absl::Status status);
  CURL* easy() const { return easy_; }

 private:
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int OnReady(void* self, char*, char*, int, int);

  absl::Status PrepareUrl();
  absl::Status PrepareHeaders();
  void PrepareMethod();
  ClientError ErrorOf(CURLcode code) const;

  ClientRequest request_;
  const std::shared_ptr<const AddressGuard> guard_;
  std::function<void(ClientResult)> done_;
  CURL* easy_ = nullptr;
  CURLU* url_ = nullptr;
  curl_slist* headers_ = nullptr;
  ClientResult result_;
  int attempts_ = 0;
  bool too_long_ = false;
  bool forbidden_ = false;      // an address of the host is not allowed
  bool head_complete_ = false;  // curl takes a head cut off by a close for an answer
};

}  // namespace ctc::http
