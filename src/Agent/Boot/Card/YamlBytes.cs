using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>A YAML file of the card, whose nodes know characters, as bytes.</summary>
internal sealed class YamlBytes(CardFile file)
{
    private readonly string _text = CardYaml.Text(file.Content, file.Name);
    private readonly int _mark = file.Content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;

    /// <summary>A key with its value, and what must go with it so that the file stays YAML.</summary>
    public CardSecret Secret(CardEntry entry, string instead)
    {
        (int from, int valueFrom, int end) = (entry.KeyNode.Span.Start, entry.Value.Span.Start, entry.Value.Span.End);
        if (valueFrom < from)
        {
            throw entry.KeyNode.Bad("an alias; write the value out");
        }

        string before = _text[..from].TrimEnd(' ');
        if (before.EndsWith('?'))
        {
            before = before[..^1].TrimEnd(' '); // an explicit key
            from = before.Length;
        }

        bool isAlone = before.Length == 0 || before[^1] is '\n' or '\r';
        if (isAlone && _text.AsSpan(end).TrimStart(' ') is var after && (after.IsEmpty || after[0] is '\n' or '\r' or '#'))
        {
            // A line of its own, or several; with the comment behind it, which may hold the secret once more.
            int line = _text.AsSpan(end).IndexOfAny('\r', '\n') is >= 0 and int rest ? end + rest : _text.Length;
            bool hasLineEnd = _text[end - 1] is '\n' or '\r';
            int comment = after.IsEmpty || after[0] != '#' ? line : _text.Length - after.Length + 1;
            return hasLineEnd
                ? New(from, end, [Value(valueFrom, end)], instead + (_text[end - 1] is '\n' ? "\n" : ""))
                : New(from, line, [Value(valueFrom, end), Bytes(comment, line)], instead);
        }

        // Among others in braces: with one of the commas beside it.
        int next = end + (_text.Length - end - _text.AsSpan(end).TrimStart().Length);
        if (next < _text.Length && _text[next] == ',')
        {
            int further = next + 1 + (_text.Length - next - 1 - _text.AsSpan(next + 1).TrimStart(' ').Length);
            return New(from, further, [Value(valueFrom, end)], "");
        }

        int previous = _text.AsSpan(0, from).TrimEnd().Length - 1;
        return New(previous >= 0 && _text[previous] == ',' ? previous : from, end, [Value(valueFrom, end)], "");
    }

    private CardSecret New(int from, int end, ImmutableArray<Range> parts, string instead) => new(Bytes(from), Bytes(end), parts, instead);

    /// <summary>Without quotes, or the mark of a block.</summary>
    private Range Value(int from, int end) => _text[from] switch
    {
        '\'' or '"' when end - from > 1 => Bytes(from + 1, end - 1),
        '|' or '>' when _text.IndexOf('\n', from) is >= 0 and int line && line < end => Bytes(line, end),
        _ => Bytes(from, end),
    };

    private Range Bytes(int from, int end) => new(Bytes(from), Bytes(end));

    private int Bytes(int characters) => _mark + Encoding.UTF8.GetByteCount(_text.AsSpan(0, characters));
}
