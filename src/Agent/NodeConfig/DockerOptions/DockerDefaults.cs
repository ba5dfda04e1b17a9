using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.Documents;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>
/// /etc/default/docker: of DOCKER_OPTS only the words that the comment above it lists are ours, the others are a person's. In the same file,
/// so that neither is without the other after a power cut. The unit splits DOCKER_OPTS at blanks and knows no quotes there.
/// </summary>
internal sealed record DockerDefaults(EnvironmentFile File, ImmutableArray<string> Present, ImmutableArray<string> Own)
{
    public const string FilePath = "/etc/default/docker";
    private const string Variable = "DOCKER_OPTS";
    private const string Comment = "# Words of rpi-agent:";

    /// <exception cref="RefusalException">A file that cannot be read.</exception>
    public static DockerDefaults Read(byte[] content)
    {
        EnvironmentFile file = EnvironmentFile.Parse(content, FilePath);
        string above = file.CommentAbove(Variable);
        return new DockerDefaults(file, Words(file[Variable] ?? ""), above.StartsWith(Comment, StringComparison.Ordinal) ? Words(above[Comment.Length..]) : []);
    }

    /// <summary>Where DOCKER_OPTS stands.</summary>
    public string At => $"{FilePath}:{File.LineOf(Variable)}";

    /// <summary>A person's words, in their order.</summary>
    public ImmutableArray<string> Foreign
    {
        get
        {
            List<EngineOption> foreign = [.. EngineOption.Of(Present)];
            foreach (EngineOption own in EngineOption.Of(Own))
            {
                int last = foreign.FindLastIndex(option => option.Words.SequenceEqual(own.Words, StringComparer.Ordinal));
                if (last >= 0)
                {
                    foreign.RemoveAt(last);
                }
            }

            return [.. foreign.SelectMany(option => option.Words)];
        }
    }

    /// <summary>With these words for ours, behind a person's; what a person says already is not said again.</summary>
    /// <exception cref="RefusalException">E_OPTION_CONFLICT: a person says otherwise.</exception>
    public byte[] With(ImmutableArray<string> words)
    {
        ImmutableArray<string> foreign = Foreign;
        ImmutableArray<EngineOption> theirs = EngineOption.Of(foreign), ours = EngineOption.Of(words);
        foreach (EngineOption option in ours)
        {
            if (theirs.FirstOrDefault(option.Contradicts) is { } other)
            {
                throw new RefusalException(new Refusal(RefusalCodes.OptionConflict, At, $"DOCKER_OPTS has '{other}', which the agent did not write, and '{option}' is ordered; take it out there, or leave it out of the order"));
            }
        }

        ImmutableArray<string> added = [.. ours.Where(option => !theirs.Any(option.Says)).SelectMany(option => option.Words)];
        string[] wished = [.. foreign, .. added];
        // A person's word behind ours is no reason to restart the engine.
        return added.SequenceEqual(Own, StringComparer.Ordinal) && wished.Order(StringComparer.Ordinal).SequenceEqual(Present.Order(StringComparer.Ordinal), StringComparer.Ordinal) && !File.IsDoubtful(Variable)
            ? File.Render()
            : File.With(Variable, string.Join(' ', wished), Comment, string.Join(' ', added));
    }

    private static ImmutableArray<string> Words(string text) => [.. text.Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];
}
