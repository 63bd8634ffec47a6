// ctc: the operator's tool.
#include <cstdio>
#include <cstring>
#include <span>
#include <string_view>

#include "tools/ctc/commands.h"

namespace {

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(ctc::tool::Arguments);
};

constexpr Command kCommands[] = {
    {"migrate", "brings the database schema up to date", ctc::tool::Migrate},
    {"keys", "keys create --tenant T --name N [--role ADMIN]: makes an API key and prints it once",
     ctc::tool::KeysCreate},
    {"providers", "list, test: the provider accounts, and whether they are well",
     ctc::tool::Providers},
    {"sessions", "tail: the events of calls as they happen", ctc::tool::Sessions},
    {"webhooks", "list, replay: what providers sent, and applying it again", ctc::tool::Webhooks},
    {"doctor", "checks what a start needs and says what to do", ctc::tool::Doctor},
    {"settings", "prints every setting as a Markdown table", ctc::tool::PrintSettings},
    {"errors", "prints the error catalogue as a Markdown table", ctc::tool::PrintErrors},
};

int Help(std::FILE* out, int code) {
  std::fprintf(out,
               "ctc - the operator's tool of click-to-call\n\nUsage: ctc COMMAND [--help]\n\n");
  std::fprintf(out, "  %-10s %s\n", "serve", "runs every service in this process");
  for (const Command& command : kCommands) {
    std::fprintf(out, "  %-10s %.*s\n", std::string(command.name).c_str(),
                 static_cast<int>(command.summary.size()), command.summary.data());
  }
  std::fprintf(out, "\nExit codes: 0 done, 1 failed, 2 bad arguments.\n");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return Help(stderr, 2);
  const std::string_view name = argv[1];
  if (name == "--help" || name == "-h" || name == "help") return Help(stdout, 0);
  if (name == "serve") return ctc::tool::Serve(argc - 1, argv + 1);
  for (const Command& command : kCommands) {
    if (name == command.name) {
      return command.run({argv + 2, static_cast<size_t>(argc - 2)});
    }
  }
  std::fprintf(stderr, "ctc: there is no command \"%s\"\n\n", argv[1]);
  return Help(stderr, 2);
}
