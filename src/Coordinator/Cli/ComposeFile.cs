using System.Text;
using Google.Protobuf;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary>A Compose file with what lies around it. The coordinator asks for files and variables by name; what the file does not name is not sent.</summary>
internal sealed class ComposeFile
{
    private const int MostRounds = 8;
    private const int MostBytes = 1024 * 1024;
    private readonly string _folder;
    private readonly Dictionary<string, string> _dotEnv;
    private readonly Func<string, string?> _environment;

    private ComposeFile(DeployStackRequest request, string folder, Dictionary<string, string> dotEnv, Func<string, string?> environment) =>
        (Request, _folder, _dotEnv, _environment) = (request, folder, dotEnv, environment);

    public DeployStackRequest Request { get; }

    /// <param name="file">Path, or - for standard input; env_files lie beside it, or in the current folder.</param>
    /// <param name="environment">Wins over .env, as in Compose.</param>
    /// <exception cref="CliFailure">Not there or not readable.</exception>
    public static async Task<ComposeFile> ReadAsync(string name, string file, Func<string, string?> environment, CancellationToken cancel)
    {
        try
        {
            string text = file == "-" ? await Console.In.ReadToEndAsync(cancel) : await File.ReadAllTextAsync(file, cancel);
            string folder = file == "-" ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(file))!;
            string dotEnv = Path.Join(folder, ".env");
            Dictionary<string, string> variables = File.Exists(dotEnv) ? DotEnv.Read(await File.ReadAllTextAsync(dotEnv, cancel)) : [];
            return new ComposeFile(new DeployStackRequest { Name = name, Compose = text, Path = file == "-" ? "stdin" : file }, folder, variables, environment);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure(ExitCodes.Configuration, $"the Compose file cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>Asks with what is known, and again with what is asked for, until there is nothing more to ask.</summary>
    /// <param name="needs">Files and variables that a reply names.</param>
    /// <exception cref="CliFailure">The Compose file does not name what is asked for.</exception>
    public async Task<T> SettleAsync<T>(Func<DeployStackRequest, Task<T>> ask, Func<T, (IReadOnlyCollection<string> Files, IReadOnlyCollection<string> Variables)> needs)
    {
        for (int round = 0; round < MostRounds; round++)
        {
            T reply = await ask(Request);
            (IReadOnlyCollection<string> files, IReadOnlyCollection<string> variables) = needs(reply);
            if (files.Count + variables.Count == 0)
            {
                return reply;
            }

            foreach (string file in files)
            {
                AddFile(file);
            }

            foreach (string variable in variables)
            {
                AddVariable(variable);
            }
        }

        throw new CliFailure(ExitCodes.Configuration, "the coordinator keeps asking for files and variables of this Compose file");
    }

    private void AddFile(string name)
    {
        if (!ComposeWords.NameFile(Request.Compose, name, variable => variable == "COMPOSE_PROJECT_NAME" ? Request.Name : Variable(variable)))
        {
            throw NotNamed($"the file {name}");
        }

        string path = Path.Combine(_folder, name);
        if (!File.Exists(path))
        {
            Request.MissingFiles.Add(name);
            return;
        }

        try
        {
            byte[] content = new FileInfo(path).Length <= MostBytes ? File.ReadAllBytes(path)
                : throw new CliFailure(ExitCodes.Configuration, $"{path} is larger than 1 MiB, too large for an env_file");
            // Refuses bytes that are not text before they travel.
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content);
            Request.Files[name] = ByteString.CopyFrom(content);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new CliFailure(ExitCodes.Configuration, $"{path} cannot be read: {problem.Message}", problem);
        }
    }

    private void AddVariable(string name)
    {
        if (!ComposeWords.NameVariable([Request.Compose, .. Request.Files.Values.Select(file => file.ToStringUtf8())], name))
        {
            throw NotNamed($"the variable {name}");
        }

        if (Variable(name) is { } value)
        {
            Request.Variables[name] = value;
        }
        else
        {
            Request.MissingVariables.Add(name);
        }
    }

    private string? Variable(string name) => _environment(name) ?? _dotEnv.GetValueOrDefault(name);

    private static CliFailure NotNamed(string what) =>
        new(ExitCodes.Refused, $"the coordinator asks for {what}, which the Compose file does not name: it is not sent");
}

/// <summary>The .env beside a Compose file: KEY=VALUE lines, quotes, comments.</summary>
internal static class DotEnv
{
    public static Dictionary<string, string> Read(string text)
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (string raw in text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n'))
        {
            string line = raw.Trim();
            line = line.StartsWith("export ", StringComparison.Ordinal) ? line["export ".Length..].TrimStart() : line;
            int cut = line.IndexOf('=', StringComparison.Ordinal);
            if (cut > 0 && line[0] != '#')
            {
                variables[line[..cut].TrimEnd()] = Value(line[(cut + 1)..].Trim());
            }
        }

        return variables;
    }

    private static string Value(string text)
    {
        if (text.Length > 1 && text[0] is '"' or '\'' && text.IndexOf(text[0], 1) is > 0 and int end)
        {
            string inside = text[1..end];
            return text[0] == '\'' ? inside : inside.Replace("\\n", "\n", StringComparison.Ordinal);
        }

        int comment = text.IndexOf(" #", StringComparison.Ordinal);
        return comment < 0 ? text : text[..comment].TrimEnd();
    }
}
