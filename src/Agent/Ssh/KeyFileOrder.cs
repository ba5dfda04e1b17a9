using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace RpiAgent.Agent.Ssh;

/// <summary>What the daemon asks of its own program when that runs as the user: on its standard input.</summary>
/// <param name="Base">The folder below which nothing may be a symbolic link: the user's home, or "/" for files that only root may write.</param>
/// <param name="File">Below <paramref name="Base"/>: .ssh/authorized_keys.</param>
/// <param name="OtherFiles">Other files below <paramref name="Base"/> that sshd reads for this user.</param>
/// <param name="Strict">sshd's StrictModes: it ignores keys that others could change.</param>
/// <param name="Keys">Those that shall be there; null only looks.</param>
internal sealed record KeyFileOrder(string Base, string File, ImmutableArray<string> OtherFiles, bool Strict, ImmutableArray<OrderedKey>? Keys, ImmutableArray<string> Forced, bool KeepOne);

/// <param name="Key">Type, blob and comment.</param>
internal sealed record OrderedKey(string Id, string Key);

/// <summary>And what that answers, on its standard output.</summary>
/// <param name="Usable">Keys with which the user can log in now.</param>
/// <param name="Kept">Id of the last usable key, which should have gone.</param>
/// <param name="Refusal">Why nothing was changed; empty otherwise.</param>
internal sealed record KeyFileReport(bool Changed, int Usable, string? Kept, string Refusal, ImmutableArray<string> Warnings)
{
    public static KeyFileReport Refused(string why) => new(false, 0, null, why, []);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KeyFileOrder))]
[JsonSerializable(typeof(KeyFileReport))]
[JsonSerializable(typeof(SavedKeys))]
internal sealed partial class SshJson : JsonSerializerContext;
