"""Each rule bites, and leaves alone what is right."""
import unittest

import rules_build
import run
from source import Source


def found(path, text):
    begin = "// What it is.\n#pragma once\n" if path.endswith(".h") else ""
    return [c.rule for c in run.complaints([Source(path, begin + text)]) if c.rule != "build"]


class Includes(unittest.TestCase):
    def check(self, path, header, *rules):
        form = header if header.startswith("<") else f'"{header}"'
        self.assertEqual(found(path, f"#include {form}\n"), list(rules), (path, header))

    def test_third_party_headers_stay_at_home(self):
        self.check("libs/db/database.cpp", "<cppconn/connection.h>")
        self.check("services/session/store/s.cpp", "<cppconn/connection.h>", "third-party")
        self.check("libs/host/process.cpp", "<curl/curl.h>", "third-party")
        self.check("services/session/service/s.cpp", "<nlohmann/json.hpp>", "third-party")
        self.check("services/session/service/s_test.cpp", "<nlohmann/json.hpp>")
        self.check("libs/rpc/context.cpp", "<openssl/evp.h>", "third-party")

    def test_services_know_each_other_by_proto_only(self):
        self.check("services/session/wiring.cpp", "services/routing/wiring.h", "service-arrow")
        self.check("services/session/wiring.cpp", "services/session/store/s.h")
        self.check("services/suite/main.cpp", "services/routing/wiring.h")
        self.check("libs/host/service.h", "services/session/wiring.h", "service-arrow")

    def test_providers_are_separate_folders(self):
        self.check("libs/providers/twilio/a.cpp", "libs/providers/asterisk/a.h", "provider-arrow")
        self.check("libs/providers/twilio/a.cpp", "libs/providers/adapter.h")
        self.check("libs/providers/mcube/a.cpp", "libs/providers/http_switch/a.h")
        self.check("libs/providers/sip/a.cpp", "libs/providers/twiml/a.h")
        self.check("libs/providers/http_switch/a.cpp", "libs/providers/mcube/a.h", "provider-arrow")

    def test_domain_is_pure(self):
        path = "services/session/domain/fold.cpp"
        for header in ("<optional>", "<absl/time/time.h>", "libs/base/ids.h",
                       "libs/telephony/phone_number.h",
                       "services/session/domain/fold.h", "ctc/session/v1/fact.pb.h",
                       "ctc/common/v1/provider_type.pb.h", "ctc/session/v1/call_event.pb.h",
                       "ctc/routing/v1/call_flow.pb.h"):
            self.check(path, header)
        for header in ("libs/db/database.h", "<boost/asio/awaitable.hpp>", "libs/rpc/context.h",
                       "ctc/session/v1/session_service.rpc.h", "ctc/dispatch/v1/provider.pb.h",
                       "libs/observability/log.h", "services/session/store/s.h"):
            self.check(path, header, "domain-arrow")
        self.check("services/session/domain/fold_test.cpp", "<catch2/catch.hpp>")

    def test_store_does_not_know_service(self):
        self.check("services/session/store/s.cpp", "services/session/service/s.h", "store-arrow")


class Sql(unittest.TestCase):
    def check(self, statement, *rules):
        self.assertEqual(found("services/x/store/s.cpp", statement), list(rules), statement)

    def test_text_made_of_constants_is_right(self):
        self.check('absl::StrCat("SELECT ", kColumns, " FROM t WHERE id = ?");')
        self.check('const char* k = "SELECT a FROM t WHERE id = ?";')
        self.check('absl::StrCat("no limit of ", name);')
        self.check('auto s = "SELECT " + std::string(kColumns);')

    def test_a_value_in_the_text_is_wrong(self):
        self.check('absl::StrCat("SELECT a FROM t WHERE id = \'", id, "\'");', "sql")
        self.check('absl::StrAppend(&text, " LIMIT ", limit);', "sql")
        self.check('fmt::format("DELETE FROM {}", table);', "sql")
        self.check('auto s = "SELECT a FROM t WHERE id = " + id;', "sql")
        self.check('auto s = head + " WHERE id = ?";', "sql")

    def test_a_waiver_needs_a_reason(self):
        bad = 'absl::StrAppend(&text, " LIMIT ", limit);'
        self.check("// lint-allow(sql): a number of our own\n" + bad)
        self.check("// lint-allow(sql):\n" + bad, "sql")
        self.check("// lint-allow(clock): another rule\n" + bad, "sql")


class Words(unittest.TestCase):
    def test_clock_and_chance_are_injected(self):
        line = "auto t = std::chrono::system_clock::now();"
        self.assertEqual(found("services/x/service/s.cpp", line), ["clock"])
        self.assertEqual(found("libs/base/clock.cpp", line), [])
        self.assertEqual(found("libs/db/pool_test.cpp", line), [])
        self.assertEqual(found("libs/db/pool.cpp", "// not system_clock::now"), [])

    def test_no_test_sleeps(self):
        line = "std::this_thread::sleep_for(1ms);"
        self.assertEqual(found("libs/db/pool_test.cpp", line), ["sleep"])
        self.assertEqual(found("libs/db/pool.cpp", line), [])

    def test_services_detach_nothing(self):
        line = "co_spawn(io, Run(), detached);"
        self.assertEqual(found("services/x/service/s.cpp", line), ["detached"])
        self.assertEqual(found("libs/host/process.cpp", line), [])

    def test_nothing_is_left_over(self):
        self.assertEqual(found("libs/db/pool.cpp", "// TO" "DO: later"), ["left-over"])
        self.assertEqual(found("libs/db/pool.cpp", '"/tmp/ctc-XX' 'XXXX"'), [])

    def test_files_are_short_and_headers_begin_with_a_sentence(self):
        self.assertEqual(found("libs/db/pool.cpp", "\n" * 500), ["length"])
        source = Source("libs/db/pool.h", "int f();\n")
        self.assertEqual([c.rule for c in run.complaints([source])], ["header", "header"])


class Build(unittest.TestCase):
    def test_a_source_that_is_not_built_is_found(self):
        lists = Source("libs/db/CMakeLists.txt", "ctc_library(db SRCS pool.cpp DEPS x)\n")
        named = Source("libs/db/pool.cpp", "")
        forgotten = Source("libs/db/pool_test.cpp", "")
        complaints = list(rules_build.check_all([lists, named, forgotten]))
        self.assertEqual([c.path for c in complaints], ["libs/db/pool_test.cpp"])

    def test_a_list_further_up_counts_with_the_whole_path(self):
        lists = Source("services/x/CMakeLists.txt", "ctc_library(x_store SRCS store/s.cpp)\n")
        self.assertEqual(list(rules_build.check_all([lists, Source("services/x/store/s.cpp", "")])), [])

    def test_a_list_of_names_that_become_paths_counts(self):
        lists = Source("tests/fuzz/CMakeLists.txt",
                       "set(targets form\n  http)\nlist(TRANSFORM targets PREPEND targets/)\n")
        sources = [lists, Source("tests/fuzz/targets/http.cpp", ""),
                   Source("tests/fuzz/targets/htt.cpp", "")]
        self.assertEqual([c.path for c in rules_build.check_all(sources)],
                         ["tests/fuzz/targets/htt.cpp"])


if __name__ == "__main__":
    unittest.main()
