// libcurl's multi interface driven by the loop of the process: no thread of its own, so that a
// request costs no wake-ups. Curl says which sockets and which timer it waits for (multi_socket).
#include "libs/http/client.h"

#include <curl/curl.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <mutex>
#include <unordered_map>

#include "libs/http/curl_transfer.h"

namespace ctc::http {
namespace {

constexpr size_t kSpareHandles = 64;
constexpr long kKeptConnections = 512;

// Everything of it runs on its strand. Kept by its own waits, so that they never outlive it.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  explicit CurlLoop(const asio::any_io_executor& executor)
      : strand_(asio::make_strand(executor)), timer_(strand_), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::OnTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  ~CurlLoop() {
    // Nothing is waited for any more, and no wait can be begun by what goes.
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    for (auto& [easy, transfer] : active_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    for (CURL* easy : spare_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
    for (auto& [fd, socket] : sockets_) socket->descriptor.release();
  }

  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // From any thread.
  void Submit(std::shared_ptr<CurlTransfer> transfer) {
    asio::dispatch(strand_, [self = shared_from_this(), transfer = std::move(transfer)] {
      self->Begin(transfer);
    });
  }

  // From any thread: ends what is in flight.
  void Close() {
    asio::post(strand_, [self = shared_from_this()] { self->FailAll(); });
  }

 private:
  // A socket of curl's, which owns and closes it.
  struct Socket {
    Socket(const asio::any_io_executor& executor, curl_socket_t fd) : descriptor(executor, fd) {}
    asio::posix::stream_descriptor descriptor;
    int wanted = CURL_POLL_NONE;
    bool reading = false;
    bool writing = false;
    bool gone = false;
  };
  using SocketPtr = std::shared_ptr<Socket>;

  void Begin(const std::shared_ptr<CurlTransfer>& transfer) {
    if (closed_) {
      transfer->Fail(Reached::kNotSent, absl::UnavailableError("the client is stopping"));
      return;
    }
    CURL* easy = TakeHandle();
    if (easy == nullptr) {
      transfer->Fail(Reached::kNotSent, absl::ResourceExhaustedError("out of handles"));
      return;
    }
    if (absl::Status status = transfer->Prepare(easy); !status.ok()) {
      transfer->Fail(Reached::kNotSent, std::move(status));
      Recycle(easy);
      return;
    }
    if (const CURLMcode code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
      transfer->Fail(Reached::kNotSent, absl::UnavailableError(curl_multi_strerror(code)));
      Recycle(easy);
      return;
    }
    active_.emplace(easy, transfer);
    if (due_) Act(CURL_SOCKET_TIMEOUT, 0);
  }

  CURL* TakeHandle() {
    if (spare_.empty()) return curl_easy_init();
    CURL* easy = spare_.back();
    spare_.pop_back();
    return easy;
  }

  void Recycle(CURL* easy) {
    if (spare_.size() >= kSpareHandles) {
      curl_easy_cleanup(easy);
      return;
    }
    curl_easy_reset(easy);
    spare_.push_back(easy);
  }

  // Lets curl work, as long as it has something to do at once.
  void Act(curl_socket_t fd, int events) {
    due_ = false;
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    FinishDone();
    while (due_) {
      due_ = false;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      FinishDone();
    }
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, easy);
      auto node = active_.extract(easy);
      if (!node.empty()) node.mapped()->Finish(code);
      Recycle(easy);
    }
  }

  void FailAll() {
    closed_ = true;
    timer_.cancel();
    auto active = std::move(active_);
    active_.clear();
    for (auto& [easy, transfer] : active) {
      curl_multi_remove_handle(multi_, easy);
      transfer->Fail(Reached::kMaybe, absl::UnavailableError("the client is stopping"));
      curl_easy_cleanup(easy);
    }
  }

  // Curl wants to hear of a socket, or no more. Called within curl's functions.
  static int OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<CurlLoop*>(self)->Want(fd, what);
    return 0;
  }

  void Want(curl_socket_t fd, int what) {
    const auto known = sockets_.find(fd);
    if (what == CURL_POLL_REMOVE) {
      if (known == sockets_.end()) return;
      known->second->gone = true;
      known->second->descriptor.release();  // ends its waits; curl closes it
      sockets_.erase(known);
      return;
    }
    const SocketPtr socket =
        known != sockets_.end()
            ? known->second
            : sockets_.emplace(fd, std::make_shared<Socket>(strand_, fd)).first->second;
    socket->wanted = what;
    Wait(socket);
  }

  void Wait(const SocketPtr& socket) {
    if ((socket->wanted & CURL_POLL_IN) != 0 && !socket->reading) {
      socket->reading = true;
      socket->descriptor.async_wait(
          asio::posix::stream_descriptor::wait_read,
          [self = shared_from_this(), socket](const boost::system::error_code& error) {
            socket->reading = false;
            self->OnReady(socket, CURL_POLL_IN, CURL_CSELECT_IN, error);
          });
    }
    if ((socket->wanted & CURL_POLL_OUT) != 0 && !socket->writing) {
      socket->writing = true;
      socket->descriptor.async_wait(
          asio::posix::stream_descriptor::wait_write,
          [self = shared_from_this(), socket](const boost::system::error_code& error) {
            socket->writing = false;
            self->OnReady(socket, CURL_POLL_OUT, CURL_CSELECT_OUT, error);
          });
    }
  }

  void OnReady(const SocketPtr& socket, int wanted, int event,
               const boost::system::error_code& error) {
    if (socket->gone || closed_) return;
    if ((socket->wanted & wanted) != 0) {
      Act(socket->descriptor.native_handle(), error ? CURL_CSELECT_ERR : event);
    }
    if (!socket->gone && !error) Wait(socket);
  }

  // Curl wants to be called after so many milliseconds; -1: no more. Called within curl's
  // functions, which must not be entered again from here.
  static int OnTimer(CURLM*, long milliseconds, void* self) {
    static_cast<CurlLoop*>(self)->SetTimer(milliseconds);
    return 0;
  }

  void SetTimer(long milliseconds) {
    due_ = milliseconds == 0;
    if (milliseconds <= 0) {
      if (std::exchange(timer_set_, false)) timer_.cancel();
      return;
    }
    timer_set_ = true;
    timer_.expires_after(std::chrono::milliseconds(milliseconds));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->closed_) return;
      self->timer_set_ = false;
      self->Act(CURL_SOCKET_TIMEOUT, 0);
    });
  }

  const asio::any_io_executor strand_;
  asio::steady_timer timer_;
  CURLM* const multi_;
  bool due_ = false;  // curl wants to be called at once
  bool timer_set_ = false;
  bool closed_ = false;
  std::unordered_map<CURL*, std::shared_ptr<CurlTransfer>> active_;
  std::unordered_map<curl_socket_t, SocketPtr> sockets_;
  std::vector<CURL*> spare_;
};

class CurlClient final : public Client {
 public:
  CurlClient(const asio::any_io_executor& executor, AddressGuard guard)
      : guard_(std::make_shared<const AddressGuard>(std::move(guard))),
        loop_(std::make_shared<CurlLoop>(executor)) {}
  ~CurlClient() override { loop_->Close(); }

  Task<ClientResult> Send(ClientRequest request) override {
    auto start = [&](auto handler) {
      loop_->Submit(
          std::make_shared<CurlTransfer>(std::move(request), guard_, Deliver(std::move(handler))));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(ClientResult)>(
        start, asio::use_awaitable);
  }

 private:
  // Brings the result back to the coroutine's own executor, which it keeps running until then.
  template <class Handler>
  static std::function<void(ClientResult)> Deliver(Handler handler) {
    auto executor = asio::prefer(asio::get_associated_executor(handler),
                                 asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<Handler>(std::move(handler));
    return [executor, shared](ClientResult result) mutable {
      asio::post(executor, [shared = std::move(shared), result = std::move(result)]() mutable {
        std::move (*shared)(std::move(result));
      });
    };
  }

  const std::shared_ptr<const AddressGuard> guard_;
  const std::shared_ptr<CurlLoop> loop_;
};

}  // namespace

std::unique_ptr<Client> Client::Create(const asio::any_io_executor& executor, AddressGuard guard) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::make_unique<CurlClient>(executor, std::move(guard));
}

}  // namespace ctc::http
