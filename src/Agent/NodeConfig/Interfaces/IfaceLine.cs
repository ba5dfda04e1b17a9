using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary><c>iface NAME [FAMILY METHOD] [inherits OTHER]</c>, with ifupdown's own messages.</summary>
internal static class IfaceLine
{
    /// <returns>What is wrong, or null; then the stanza is made and added.</returns>
    public static string? Read(Place at, StanzaList stanzas, ImmutableArray<string>.Builder warnings, out IfaceStanza? stanza)
    {
        stanza = null;
        Word[] words = [.. at.Line.Words().Skip(1)];
        if (words.Length == 0)
        {
            return "too few parameters for iface line; write iface NAME inet METHOD";
        }

        int next = 1;
        Word? family = Take(words, ref next, word => InterfacesGrammar.Methods.ContainsKey(word));
        Word? method = family is null ? null : Take(words, ref next, word => InterfacesGrammar.Methods[family.Value].Contains(word));
        bool inherits = next < words.Length && words[next].Value == InterfacesGrammar.Inherits;
        if (family is null && !inherits)
        {
            return "unknown or no address type and no inherits keyword specified; write iface NAME inet METHOD";
        }

        if (method is null && !inherits)
        {
            return $"unknown or no method and no inherits keyword specified; {family!.Value} knows {string.Join(", ", InterfacesGrammar.Methods[family.Value].Order(StringComparer.Ordinal))}";
        }

        IfaceStanza? parent = null;
        if (inherits)
        {
            if (next + 1 >= words.Length)
            {
                return "'inherits' keyword is missing a parameter; name the stanza to copy from";
            }

            string other = words[next + 1].Value;
            parent = stanzas.Find(other, family?.Value);
            if (parent is null)
            {
                return $"unknown iface to inherit from: {ConfigText.Show(other)} ({family?.Value ?? "*"}); its stanza must stand earlier";
            }
        }
        else if (next < words.Length)
        {
            warnings.Add($"{at}: extra parameter for the iface line not understood and ignored: {ConfigText.Show(words[next].Value)}");
        }

        stanza = new IfaceStanza(at, words[0].Value, family?.Value ?? parent!.Family, method?.Value ?? parent!.Method, parent, family, method);
        stanzas.Add(stanza);
        return null;
    }

    private static Word? Take(Word[] words, ref int next, Func<string, bool> isKnown) =>
        next < words.Length && isKnown(words[next].Value) ? words[next++] : null;
}

/// <summary>Stanzas in reading order; the first of a name is the one that others inherit from.</summary>
internal sealed class StanzaList
{
    private readonly ImmutableArray<IfaceStanza>.Builder _all = ImmutableArray.CreateBuilder<IfaceStanza>();
    private readonly Dictionary<(string Name, string? Family), IfaceStanza> _first = [];

    public ImmutableArray<IfaceStanza> All => _all.ToImmutable();

    public void Add(IfaceStanza stanza)
    {
        _all.Add(stanza);
        _first.TryAdd((stanza.Name, stanza.Family), stanza);
        _first.TryAdd((stanza.Name, null), stanza);
    }

    /// <param name="family">Null for the first of any family.</param>
    public IfaceStanza? Find(string name, string? family) => _first.GetValueOrDefault((name, family));
}
