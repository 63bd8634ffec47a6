#include "services/routing/domain/phrases.h"

#include <array>

namespace ctc::routing {
namespace {

struct Language {
  std::string_view primary;
  std::array<std::string_view, 5> words;  // in the order of Phrase
};

constexpr std::array<Language, 4> kLanguages = {{
    {"en",
     {"Good-bye.", "We are closed at the moment. Good-bye.",
      "Nobody can take your call at the moment. Please try again later. Good-bye.",
      "We cannot continue this call. Good-bye.", "Please leave a message after the tone."}},
    {"de",
     {"Auf Wiederhören.", "Wir haben zurzeit geschlossen. Auf Wiederhören.",
      "Zurzeit kann niemand Ihren Anruf annehmen. Bitte versuchen Sie es später noch einmal. "
      "Auf Wiederhören.",
      "Wir können diesen Anruf nicht fortsetzen. Auf Wiederhören.",
      "Bitte hinterlassen Sie eine Nachricht nach dem Ton."}},
    {"es",
     {"Adiós.", "En este momento estamos cerrados. Adiós.",
      "En este momento nadie puede atender su llamada. Por favor, inténtelo más tarde. Adiós.",
      "No podemos continuar con esta llamada. Adiós.",
      "Por favor, deje un mensaje después del tono."}},
    {"fr",
     {"Au revoir.", "Nous sommes fermés pour le moment. Au revoir.",
      "Personne ne peut prendre votre appel pour le moment. Veuillez réessayer plus tard. "
      "Au revoir.",
      "Nous ne pouvons pas poursuivre cet appel. Au revoir.",
      "Veuillez laisser un message après le signal sonore."}},
}};

}  // namespace

v1::FlowStep::Prompt Spoken(Phrase phrase, std::string_view language) {
  const auto index = static_cast<size_t>(phrase);
  const std::string_view primary = language.substr(0, language.find('-'));
  v1::FlowStep::Prompt prompt;
  prompt.set_text(std::string(kLanguages[0].words[index]));
  prompt.set_language("en-US");
  for (const Language& known : kLanguages) {
    if (known.primary != primary) continue;
    prompt.set_text(std::string(known.words[index]));
    prompt.set_language(std::string(language));
  }
  return prompt;
}

}  // namespace ctc::routing
