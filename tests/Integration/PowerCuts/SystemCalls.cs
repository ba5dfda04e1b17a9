using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <summary>Runs programs under strace and reads what they did to the files of one folder.</summary>
internal static partial class SystemCalls
{
    private const string Traced =
        "openat,open,creat,write,pwrite64,writev,pwritev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,sync,syncfs,"
        + "ftruncate,truncate,chmod,fchmod,fchmodat,copy_file_range,sendfile,link,linkat,symlink,symlinkat,fallocate,chdir,fchdir";

    public static async Task<IReadOnlyList<DiskOperation>> TraceAsync(string root, string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        string log = Path.GetTempFileName();
        try
        {
            // Every string in hexadecimal, every descriptor with its path.
            ProcessStartInfo start = new("strace", ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "1048576", "-qq", "-e", "signal=none", "-e", $"trace={Traced}", "-o", log, program, .. arguments])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            foreach ((string name, string value) in environment)
            {
                start.Environment[name] = value;
            }

            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string errors = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0
                ? [.. Read(root, await File.ReadAllLinesAsync(log))]
                : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' under strace ended with {process.ExitCode}: {await output}{errors}");
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static IEnumerable<DiskOperation> Read(string root, IEnumerable<string> lines)
    {
        Dictionary<string, string> unfinished = [], currentFolders = [];
        foreach (string line in lines)
        {
            string pid = line.Split(' ')[0];
            string text = line[pid.Length..].TrimStart();
            if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
            {
                unfinished[pid] = text[..^"<unfinished ...>".Length].TrimEnd();
                continue;
            }

            if (text.StartsWith("<... ", StringComparison.Ordinal) && unfinished.Remove(pid, out string? begun))
            {
                text = begun + text[(text.IndexOf(" resumed>", StringComparison.Ordinal) + " resumed>".Length)..];
            }

            if (Call().Match(text) is { Success: true } call && !call.Groups["result"].Value.StartsWith('-'))
            {
                Argument[] arguments = [.. call.Groups["arguments"].Value.Split(',').Select(argument => Argument.Parse(argument.Trim()))];
                Argument result = Argument.Parse(call.Groups["result"].Value.Trim());
                string name = call.Groups["name"].Value;
                string current = currentFolders.GetValueOrDefault(pid, "/");
                if (name is "chdir" or "fchdir")
                {
                    currentFolders[pid] = arguments[0].Path ?? Path.GetFullPath(arguments[0].Text!, current);
                    continue;
                }

                foreach (DiskOperation operation in Understand(root, name, [.. arguments.Select(argument => argument with { Folder = current })], result))
                {
                    yield return operation;
                }
            }
        }
    }

    private static IEnumerable<DiskOperation> Understand(string root, string name, Argument[] arguments, Argument result)
    {
        // The paths that the call names, in the node's terms; null outside of the folder.
        string? first = Inside(root, arguments[0].Path), at = name.Contains("at", StringComparison.Ordinal) && arguments.Length > 1 ? Inside(root, Resolve(arguments[0], arguments[1])) : null;
        string? plain = Inside(root, arguments[0].FullText);
        switch (name)
        {
            case "openat":
                return Inside(root, result.Path) is { } opened && arguments[2].Raw.Contains("O_CREAT", StringComparison.Ordinal)
                    ? [new MakeFile(opened, Convert.ToInt32(arguments[3].Raw, 8), arguments[2].Raw.Contains("O_TRUNC", StringComparison.Ordinal))]
                    : Inside(root, result.Path) is { } cut && arguments[2].Raw.Contains("O_TRUNC", StringComparison.Ordinal) ? [new MakeFile(cut, 0, Truncate: true)] : [];
            case "write" when first is not null:
                return [new WriteData(first, null, arguments[1].Bytes[..result.Number])];
            case "pwrite64" when first is not null:
                return [new WriteData(first, arguments[3].Number, arguments[1].Bytes[..result.Number])];
            case "rename" when plain is not null:
                return [new Rename(plain, Inside(root, arguments[1].FullText)!)];
            case "renameat" or "renameat2" when at is not null:
                return [new Rename(at, Inside(root, Resolve(arguments[2], arguments[3]))!)];
            case "unlink" or "rmdir" when plain is not null:
                return [new Remove(plain)];
            case "unlinkat" when at is not null:
                return [new Remove(at)];
            case "mkdir" when plain is not null:
                return [new MakeDirectory(plain, Convert.ToInt32(arguments[1].Raw, 8))];
            case "mkdirat" when at is not null:
                return [new MakeDirectory(at, Convert.ToInt32(arguments[2].Raw, 8))];
            case "fsync" or "fdatasync" when first is not null:
                return [new Sync(first)];
            case "ftruncate" when first is not null:
                return [new SetLength(first, arguments[1].Number)];
            case "chmod" when plain is not null:
                return [new SetMode(plain, Convert.ToInt32(arguments[1].Raw, 8))];
            case "fchmod" when first is not null:
                return [new SetMode(first, Convert.ToInt32(arguments[1].Raw, 8))];
            case "fchmodat" when at is not null:
                return [new SetMode(at, Convert.ToInt32(arguments[2].Raw, 8))];
            case "copy_file_range" when Inside(root, arguments[2].Path) is { } target:
                return result.Number == 0 ? [] : [new CopyData(Inside(root, arguments[0].Path) ?? throw new NotSupportedException($"a copy from outside to {target}"), target)];
            default:
                return (first ?? plain ?? at) is { } unknown && !name.StartsWith("open", StringComparison.Ordinal)
                    ? throw new NotSupportedException($"{name} on {unknown}: the model does not know what that does")
                    : [];
        }
    }

    private static string? Resolve(Argument directory, Argument name) =>
        name.Text is null || directory.Path?.StartsWith('/') != true ? name.Text : Path.GetFullPath(name.Text, directory.Path);

    private static string? Inside(string root, string? path) =>
        path is null || !(path + "/").StartsWith(root + "/", StringComparison.Ordinal) || path.EndsWith(" (deleted)", StringComparison.Ordinal) ? null
        : path.Length == root.Length ? "/" : path[root.Length..];

    [GeneratedRegex(@"^(?<name>\w+)\((?<arguments>.*)\)\s+= (?<result>\S+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Call();

    /// <summary>One argument as strace prints it: <c>"\x61"</c>, <c>3&lt;\x2f&gt;</c>, or a word.</summary>
    private sealed record Argument(string Raw, byte[] Bytes, string? Text, string? Path)
    {
        /// <summary>Of the process that makes the call.</summary>
        public string Folder { get; init; } = "/";

        public string? FullText => Text is null || Text.Contains('\0', StringComparison.Ordinal) ? null : System.IO.Path.GetFullPath(Text, Folder);

        public int Number => int.Parse(Raw.Split('<')[0], CultureInfo.InvariantCulture);

        public static Argument Parse(string raw)
        {
            if (raw.StartsWith('"'))
            {
                byte[] bytes = Hex(raw.Trim('"'));
                return new Argument(raw, bytes, Encoding.UTF8.GetString(bytes), null);
            }

            int open = raw.IndexOf('<', StringComparison.Ordinal);
            return new Argument(raw, [], null, open < 0 || !raw.EndsWith('>') ? null : Encoding.UTF8.GetString(Hex(raw[(open + 1)..^1])));
        }

        private static byte[] Hex(string text) =>
            text.StartsWith("\\x", StringComparison.Ordinal) ? Convert.FromHexString(text.Replace("\\x", "", StringComparison.Ordinal)) : [];
    }
}
