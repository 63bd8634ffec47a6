// Asio's coroutine parts, with what Boost 1.74 forgets to include and to detect. Include Asio only
// through this file; include precise Asio headers beside it where more is needed.
#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ctc {

namespace asio = boost::asio;

// What every function that waits returns. Read style: `CTC_CO_ASSIGN_OR_RETURN(auto x, co_await
// F());`
template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace ctc
