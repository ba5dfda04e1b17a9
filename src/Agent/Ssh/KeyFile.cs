using System.Collections.Immutable;
using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>
/// Makes one user's authorized_keys as ordered. Runs as that user: a path through folders of theirs leads only to what they could
/// change themselves.
/// </summary>
internal static class KeyFile
{
    private const int Attempts = 5;
    private const int PrivateFile = 0x180, PublicFile = 0x1a4, PrivateFolder = 0x1c0;

    /// <summary>sshd reads a root-owned file as the user.</summary>
    private static int ModeOfNew(KeyFileOrder order) => order.Base == "/" ? PublicFile : PrivateFile;

    public static KeyFileReport Apply(KeyFileOrder order)
    {
        try
        {
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                if (TryApply(order) is { } report)
                {
                    return report;
                }
            }

            return KeyFileReport.Refused($"E_SSH_FILE: {Path.Join(order.Base, order.File)} is being changed by somebody else");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return KeyFileReport.Refused($"E_SSH_FILE: {e.Message}");
        }
    }

    /// <returns>Null when the file was changed meanwhile.</returns>
    private static KeyFileReport? TryApply(KeyFileOrder order)
    {
        List<string> warnings = [];
        ImmutableArray<WishedKey>? wished = order.Keys is { } keys ? Read(keys) : null;
        using Place place = Place.Open(order, make: wished is { Length: > 0 }, warnings);
        (byte[] Content, FileFacts Facts)? present = place.Folder?.Read(place.Name);
        string text = present is { } file ? Encoding.Latin1.GetString(file.Content) : "";
        int elsewhere = order.OtherFiles.Sum(other => UsableIn(order, other));
        KeyPlan plan = wished is { } keysWished
            ? KeyPlanner.Plan(text, keysWished, new KeepRule(order.KeepOne && elsewhere == 0, order.Forced))
            : new KeyPlan(text, null, AuthorizedKeys.Parse(text).Usable, []);
        bool changes = plan.Text != text;
        if (changes && !place.Folder!.Replace(place.Name, Encoding.Latin1.GetBytes(plan.Text), ModeOfNew(order), present?.Facts))
        {
            return null;
        }

        if (!changes && present is { Facts.IsTrusted: false })
        {
            warnings.Add($"sshd ignores the keys: others may write {Path.Join(order.Base, order.File)}; chmod 600 it");
        }

        bool isIgnored = order.Strict && warnings.Count > 0;
        return new KeyFileReport(changes, isIgnored ? 0 : plan.Usable + elsewhere, plan.Kept, "", [.. warnings.Where(_ => order.Strict), .. plan.Warnings]);
    }

    private static ImmutableArray<WishedKey> Read(ImmutableArray<OrderedKey> keys) =>
        [.. keys.Select(key => !SshMarker.IsId(key.Id) ? throw new IOException($"'{key.Id}' is not the id of a key") : SshPublicKey.TryRead(key.Key, out SshPublicKey? read, out string problem) ? new WishedKey(key.Id, read) : throw new IOException($"the key {key.Id} cannot be used: {problem}"))];

    private static int UsableIn(KeyFileOrder order, string file)
    {
        try
        {
            using Place place = Place.Open(order with { File = file }, make: false, []);
            return place.Folder?.Read(place.Name) is var (content, facts) && (facts.IsTrusted || !order.Strict) ? AuthorizedKeys.Parse(Encoding.Latin1.GetString(content)).Usable : 0;
        }
        catch (IOException)
        {
            return 0; // what cannot be read lets nobody in
        }
    }

    /// <summary>The folder of the file, reached from the base name by name.</summary>
    private sealed class Place(Folder? folder, string name) : IDisposable
    {
        public Folder? Folder { get; } = folder;

        public string Name { get; } = name;

        public static Place Open(KeyFileOrder order, bool make, List<string> warnings)
        {
            string[] names = order.File.Split('/', StringSplitOptions.RemoveEmptyEntries);
            if (names.Length == 0 || names.Any(name => name is "." or ".."))
            {
                throw new IOException($"'{order.File}' is not the name of a file");
            }

            bool isHome = order.Base != "/";
            Folder at = Folder.Open(order.Base);
            string path = order.Base;
            Judge(at, path, isHome, warnings);
            foreach (string name in names[..^1])
            {
                path = Path.Join(path, name);
                Folder? next;
                using (at)
                {
                    next = at.Find(name) ?? (make && isHome ? at.Make(name) : null);
                }

                if (next is null)
                {
                    return isHome ? new Place(null, names[^1]) : throw new IOException($"there is no folder {path}, where sshd looks for keys");
                }

                at = next;
                if (isHome && make && at.Facts.Mode != PrivateFolder)
                {
                    at.SetMode(PrivateFolder);
                }

                Judge(at, path, isHome, warnings);
            }

            return new Place(at, names[^1]);
        }

        private static void Judge(Folder folder, string path, bool isHome, List<string> warnings)
        {
            if (folder.Facts.IsTrusted)
            {
                return;
            }

            if (!isHome)
            {
                folder.Dispose();
                throw new IOException($"{path} can be changed by others than root, so nothing is written there");
            }

            warnings.Add($"sshd ignores the keys: {path} belongs to somebody else or others may write it; chown it and chmod go-w it");
        }

        public void Dispose() => Folder?.Dispose();
    }
}
