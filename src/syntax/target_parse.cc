#include "syntax/target_parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "syntax/fields.h"

namespace rr {
namespace {

// A layout name, or {weights: layout, adapters: layout, ...}.
void TargetLayouts(const YamlNode& node, TargetCase* target, Diagnostics* diagnostics) {
  target->place = node.place;
  if (node.IsText()) {
    target->weights = target->adapters = NameFrom(node.text);
    return;
  }
  if (!node.IsMap()) {
    diagnostics->Add(
        Code::kWrongYamlType, node.place,
        fmt::format("a target is a layout's name or a map, this is {}", NameOf(node.kind)));
    return;
  }
  if (!RefuseUnknownFields(
          node, "a target",
          {"weights", "adapters", "adapter_config", "bake", "one scale", "uniform", "only pairs"},
          diagnostics))
    return;
  if (const YamlNode* config = node.Find("adapter_config");
      config != nullptr && ExpectMap(*config, "`adapter_config`", diagnostics)) {
    RefuseUnknownFields(*config, "`adapter_config`", {"target_modules+"}, diagnostics);
    if (const YamlNode* modules = config->Find("target_modules+")) {
      for (const SpannedText& module : TextsOf(*modules, "a module's name", diagnostics))
        target->target_modules.push_back(module.text);
    }
  }
  if (const YamlNode* bake = node.Find("bake");
      bake != nullptr && ExpectText(*bake, "`bake`", diagnostics)) {
    target->bake_rslora = bake->text.text == "rslora";
    if (!target->bake_rslora)
      diagnostics->Add(Code::kBadTarget, bake->place, "what can be baked is `rslora`");
  }
  if (const YamlNode* one_scale = node.Find("one scale"))
    target->one_scale = YesNoOf(*one_scale, "`one scale`", diagnostics).value_or(false);
  if (const YamlNode* uniform = node.Find("uniform"))
    target->uniform = YesNoOf(*uniform, "`uniform`", diagnostics).value_or(false);
  if (const YamlNode* only_pairs = node.Find("only pairs"))
    target->only_pairs = YesNoOf(*only_pairs, "`only pairs`", diagnostics).value_or(false);
  const YamlNode* weights = node.Find("weights");
  const YamlNode* adapters = node.Find("adapters");
  if (weights == nullptr && adapters == nullptr) {
    diagnostics->Add(Code::kMissingField, node.place,
                     "a target names the layout of `weights`, of `adapters`, or of both");
  }
  if (weights != nullptr && ExpectText(*weights, "`weights`, a layout,", diagnostics))
    target->weights = NameFrom(weights->text);
  if (adapters != nullptr && ExpectText(*adapters, "`adapters`, a layout,", diagnostics))
    target->adapters = NameFrom(adapters->text);
}

}  // namespace

TargetCase ParseTargetCase(const YamlNode& node, Diagnostics* diagnostics) {
  TargetCase target;
  TargetLayouts(node, &target, diagnostics);
  return target;
}

TargetRule ParseTarget(const YamlMember& member, Diagnostics* diagnostics) {
  TargetRule target;
  target.system = NameFrom(member.key);
  const auto is_range = [](const YamlMember& m) {
    return m.key.text.find_first_of("<>=!") != std::string::npos;
  };
  const bool by_version = member.value.IsMap() && std::any_of(member.value.members.begin(),
                                                              member.value.members.end(), is_range);
  if (!by_version) {
    TargetCase one;
    TargetLayouts(member.value, &one, diagnostics);
    target.cases.push_back(std::move(one));
  } else {
    for (const YamlMember& range : member.value.members) {
      TargetCase one;
      one.versions = VersionRange::Parse(range.key, target.system.text, diagnostics);
      if (!one.versions) continue;
      TargetLayouts(range.value, &one, diagnostics);
      one.place = range.key.place();
      target.cases.push_back(std::move(one));
    }
  }
  return target;
}

}  // namespace rr
