// Entering loops on behalf of many coroutines.
#include "libs/db/completion.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>

namespace ctc::db {
namespace {

// So many go on in one turn of a loop: enough that waking its thread is cheap, few enough that the
// other threads of the loop get their share.
constexpr size_t kTogether = 8;

}  // namespace

void ResumeAll(std::vector<std::unique_ptr<Resumption>> resumptions) {
  auto begin = resumptions.begin();
  while (begin != resumptions.end()) {
    const asio::any_io_executor executor = (*begin)->executor();
    const auto elsewhere = [&](const std::unique_ptr<Resumption>& next) {
      return &next->executor().context() != &executor.context();
    };
    const auto limit =
        begin + std::min<ptrdiff_t>(kTogether, std::distance(begin, resumptions.end()));
    const auto end = std::find_if(begin, limit, elsewhere);
    std::vector<std::unique_ptr<Resumption>> together(std::make_move_iterator(begin),
                                                      std::make_move_iterator(end));
    asio::post(executor, [together = std::move(together)] {
      for (const std::unique_ptr<Resumption>& resumption : together) resumption->Resume();
    });
    begin = end;
  }
}

}  // namespace ctc::db
