// The user's text editor, for `drover revision --edit`.
#pragma once

#include <string>

namespace drover::client {

/// The editor as a shell command that may have arguments ("code --wait"): $VISUAL, else $EDITOR,
/// else sensible-editor or vi when it is in PATH. Throws kNotFound ("editor.not_found").
[[nodiscard]] std::string FindEditor();

/// Throws kInvalid ("usage") unless stdin and stdout are a terminal, where an editor can work.
void CheckEditorTerminal();

/// Opens `file` in `editor`, as FindEditor() names it, and waits until it is closed. Ctrl-C belongs
/// to the editor meanwhile. Throws kNotFound ("editor.not_found") when the shell cannot run the
/// editor, kIo ("editor.failed") when it ends with an error; the file stays as it is.
void OpenInEditor(const std::string& editor, const std::string& file);

}  // namespace drover::client
